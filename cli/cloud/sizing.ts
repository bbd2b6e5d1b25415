import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { z } from 'zod';
import type { Sizing } from '../../plan/packing.ts';
import { CommandError } from '../terminal/errors.ts';
import type { Deployment } from './deployment.ts';

const count = z.coerce.number().int().positive();

/** What the functions' configurations say about the sizing. */
const schema = z.object({
  memoryMb: count,
  jobConcurrency: count,
  jobsPerMessage: z.union([z.literal('auto'), count]),
  packing: z.object({ batchSize: count, timeoutMs: count, workers: count }),
});

/**
 * Reads the sizing that was deployed: cdk.json may have changed since, or an option may have overridden it. It takes two
 * calls of Lambda's API, which are free. The answer changes only with a deployment, so it can be kept. It has no
 * provisioned pollers, and `concurrency` is the largest number of workers at the deployment; a status has the current one.
 * @throws CommandError `deployment_differs` for a stack of another version
 */
export async function readSizing(
  { target, functions }: Deployment,
  abortSignal: AbortSignal,
): Promise<Sizing> {
  const configurationOf = (FunctionName: string) =>
    target.clients.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }), { abortSignal });
  const [consumer, scheduler] = await Promise.all([
    configurationOf(functions.consumer),
    configurationOf(functions.scheduler),
  ]);
  const parsed = schema.safeParse({
    memoryMb: consumer.MemorySize,
    jobConcurrency: consumer.Environment?.Variables?.DRUMLINE_JOB_CONCURRENCY,
    jobsPerMessage: scheduler.Environment?.Variables?.DRUMLINE_JOBS_PER_MESSAGE,
    packing: jsonIn(scheduler.Environment?.Variables?.DRUMLINE_PACKING),
  });
  if (!parsed.success)
    throw new CommandError(
      'deployment_differs',
      `The functions of ${target.stackName} were deployed by another version of Drumline (their settings lack ${parsed.error.issues[0]?.path.join('.')}).`,
      target.command('deploy'),
    );
  const { memoryMb, jobConcurrency, jobsPerMessage, packing } = parsed.data;
  return {
    concurrency: packing.workers,
    batchSize: packing.batchSize,
    jobsPerMessage,
    jobConcurrency,
    consumerTimeoutSeconds: packing.timeoutMs / 1_000,
    consumerMemoryMb: memoryMb,
    minimumPollers: undefined,
    maximumPollers: undefined,
  };
}

function jsonIn(text = ''): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
