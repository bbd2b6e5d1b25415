import {
  GetFunctionConfigurationCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { readMapping, setConcurrency } from '../../cli/cloud/concurrency.ts';
import type { Deployment } from '../../cli/cloud/deployment.ts';
import type { RunningSettings } from '../../cli/cloud/settings.ts';
import { effectiveSettings } from '../../cli/cloud/settings.ts';
import { runJobs } from '../../cli/runs/scaling-test.ts';
import type { Context } from '../harness/benchmark.ts';
import type { System } from '../harness/throughput.ts';

const STAGE = 'speed';

/** The settings of a deployment with defaults that decide its speed. */
export function defaultPacking(): System['packing'] {
  const { batchSize, jobsPerMessage, jobConcurrency } = effectiveSettings({});
  return { batchSize, jobsPerMessage, jobConcurrency };
}

/**
 * Deploys Drumline.
 * @returns the deployed system with any packing; all share one stack, so only one can run at a time
 */
export async function openDrumline(
  context: Context,
): Promise<(changed: Partial<System['packing']>) => System> {
  const cloud = await context.cloud();
  const call = cloud.call(STAGE);
  const { deployment } = await cloud.deploy(STAGE);
  return (changed) => {
    const packing = { ...defaultPacking(), ...changed };
    return {
      name: 'drumline',
      settings: { ...packing },
      packing,
      async start({ workers, workMs }) {
        await changeSettings(deployment, { ...packing, workMs }, call.signal);
        await setConcurrency(deployment, workers, call.signal);
        return {
          async run(jobs) {
            const { ok, seconds, shares, failed, documents } = await runJobs(call, deployment, jobs);
            if (!ok || failed > 0)
              throw new Error(`of ${jobs} jobs, ${failed} failed and ${documents} have a document`);
            return { jobs, ms: seconds * 1_000, shares: shares.map(({ processed }) => processed) };
          },
        };
      },
    };
  };
}

/**
 * Changes the settings of the running stack with the same Lambda calls that a deployment makes, which takes one second
 * instead of ten. As after a deployment, new worker environments start.
 */
async function changeSettings(
  deployment: Deployment,
  { workMs, jobsPerMessage, jobConcurrency, batchSize }: RunningSettings,
  signal: AbortSignal,
): Promise<void> {
  const { lambda } = deployment.target.clients;
  const change = async (FunctionName: string, values: Record<string, number>) => {
    const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const before = Environment?.Variables ?? {};
    const after = Object.entries(values).map(([name, value]) => [name, String(value)] as const);
    // Without this check a renamed variable would be measured at its default.
    const unknown = after.find(([name]) => !(name in before));
    if (unknown) throw new Error(`the function ${FunctionName} has no variable ${unknown[0]}`);
    if (after.every(([name, value]) => before[name] === value)) return;
    const Variables = { ...before, ...Object.fromEntries(after) };
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
  };
  const { scheduler, consumer } = deployment.functions;
  await change(scheduler, { DRUMLINE_JOBS_PER_MESSAGE: jobsPerMessage });
  await change(consumer, { DRUMLINE_JOB_CONCURRENCY: jobConcurrency, DRUMLINE_WORK_MS: workMs });
  const mapping = await readMapping(deployment, signal);
  if (mapping.BatchSize !== batchSize)
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID: mapping.UUID, BatchSize: batchSize }));
}
