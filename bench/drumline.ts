import {
  GetFunctionConfigurationCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { readMapping, setConcurrency } from '../cli/cloud/concurrency.ts';
import type { Deployment } from '../cli/cloud/deployment.ts';
import type { RunningSettings } from '../cli/cloud/settings.ts';
import { effectiveSettings } from '../cli/cloud/settings.ts';
import { runJobs } from '../cli/runs/scaling-test.ts';
import type { Context } from './benchmark.ts';
import type { Contender } from './contender.ts';

/** The stack that is measured, apart from those of other benchmarks. */
const STAGE = 'speed';

/** The settings that decide how fast it is, unless told otherwise: the project's own. */
export function usualPacking(): Contender['packing'] {
  const { batchSize, jobsPerMessage, jobConcurrency } = effectiveSettings({});
  return { batchSize, jobsPerMessage, jobConcurrency };
}

/**
 * Ours: the stack as it is deployed.
 * @returns it, with any settings; all are the one stack, so that only one can be at work
 */
export async function openDrumline(
  context: Context,
): Promise<(packing: Partial<Contender['packing']>) => Contender> {
  const cloud = await context.cloud();
  const call = cloud.call(STAGE);
  const { deployment } = await cloud.deploy({}, STAGE);
  return (given) => {
    const packing = { ...usualPacking(), ...given };
    return {
      system: 'drumline',
      settings: { ...packing },
      packing,
      async start({ workers, workMs }) {
        await setRunning(deployment, { ...packing, workMs }, call.signal);
        await setConcurrency(deployment, workers, call.signal);
        return {
          async run(jobs) {
            const { ok, seconds, shares, failed, documents } = await runJobs(call, deployment, jobs);
            if (!ok || failed > 0)
              throw new Error(`of ${jobs} jobs ${failed} failed, and there are ${documents} documents`);
            return { jobs, ms: seconds * 1_000, shares: shares.map(({ processed }) => processed) };
          },
          async stop() {},
        };
      },
    };
  };
}

/**
 * Gives the running stack other settings, by the same calls that a deploy with `-c` would come to: a second rather than
 * ten, many times over. Workers start anew when theirs have changed, as after a deploy.
 */
async function setRunning(
  { target, functions, ...deployment }: Deployment,
  { workMs, jobsPerMessage, jobConcurrency, batchSize }: RunningSettings,
  signal: AbortSignal,
): Promise<void> {
  const { lambda } = target.clients;
  const set = async (name: string, changed: Record<string, number>) => {
    const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    const before = Environment?.Variables ?? {};
    const after = Object.entries(changed).map(([variable, value]) => [variable, String(value)] as const);
    // A variable that was renamed must not be left at its default and measured as if it were not.
    const unknown = after.find(([variable]) => !(variable in before));
    if (unknown) throw new Error(`the function ${name} has no variable ${unknown[0]}`);
    if (after.every(([variable, value]) => before[variable] === value)) return;
    const variables = { ...before, ...Object.fromEntries(after) };
    await lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: name, Environment: { Variables: variables } }),
    );
  };
  await set(functions.scheduler, { DRUMLINE_JOBS_PER_MESSAGE: jobsPerMessage });
  await set(functions.consumer, { DRUMLINE_JOB_CONCURRENCY: jobConcurrency, DRUMLINE_WORK_MS: workMs });
  const mapping = await readMapping({ target, functions, ...deployment }, signal);
  if (mapping.BatchSize !== batchSize)
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID: mapping.UUID, BatchSize: batchSize }));
}
