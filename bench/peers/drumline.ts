import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { deploy } from '../../cli/cloud/deploy.ts';
import { effectiveSettings } from '../../cli/cloud/settings.ts';
import { runJobs } from '../../cli/runs/scaling-test.ts';
import { SCALING_KEY } from '../../functions/core/ledger/scaling.ts';
import { type Table, transact, updateWrite } from '../../functions/core/ledger/table.ts';
import { readTotals } from '../../functions/core/ledger/totals.ts';
import type { RunId } from '../../functions/core/model/ids.ts';
import type { Context } from '../harness/benchmark.ts';
import type { System } from '../harness/throughput.ts';

const STAGE = 'speed';

/** The settings of a deployment with defaults that decide its speed. */
export function defaultPacking(): System['packing'] {
  const { batchSize, jobsPerMessage, jobConcurrency } = effectiveSettings({});
  return { batchSize, jobsPerMessage, jobConcurrency };
}

/** @returns Drumline with any packing; all share one stack, so only one can run at a time */
export async function openDrumline(
  context: Context,
): Promise<(changed: Partial<System['packing']>) => System> {
  const cloud = await context.cloud();
  const call = cloud.call(STAGE);
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(cloud.aws));
  context.atEnd(async () => client.destroy());
  return (changed) => {
    const packing = { ...defaultPacking(), ...changed };
    return {
      name: 'drumline',
      settings: { ...packing },
      packing,
      async start({ workers, workMs }) {
        const settings = Object.entries({ ...packing, workMs, concurrency: workers });
        const given = Object.fromEntries(settings.map(([name, value]) => [name, String(value)]));
        const { deployment } = await deploy(call, given);
        return {
          async run(jobs) {
            const { ok, runId, seconds, shares, failed, documents } = await runJobs(call, deployment, jobs);
            if (!ok || failed > 0)
              throw new Error(`of ${jobs} jobs, ${failed} failed and ${documents} have a document`);
            const table = { name: deployment.table, client, conflictDelayMs: 25 };
            if (packing.jobsPerMessage === 'auto') await storeTiming(table, runId as RunId);
            return { jobs, ms: seconds * 1_000, shares: shares.map(({ processed }) => processed) };
          },
        };
      },
    };
  };
}

/** Stores how long the run's jobs took where the scheduler reads it, which the system itself does within a minute. */
async function storeTiming(table: Table, runId: RunId): Promise<void> {
  const timing = (await readTotals(table, runId))?.timing;
  if (!timing) return;
  const update = {
    UpdateExpression: 'SET timing = :timing',
    ExpressionAttributeValues: { ':timing': timing },
  };
  await transact(table, [updateWrite(table, SCALING_KEY, update)]);
}
