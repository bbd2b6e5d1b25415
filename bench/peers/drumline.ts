import { deploy } from '../../cli/cloud/deploy.ts';
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

/** @returns Drumline with any packing; all share one stack, so only one can run at a time */
export async function openDrumline(
  context: Context,
): Promise<(changed: Partial<System['packing']>) => System> {
  const call = (await context.cloud()).call(STAGE);
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
