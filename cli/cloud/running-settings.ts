import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { readMapping } from './concurrency.ts';
import type { Deployment } from './deployment.ts';

/** The settings that decide how fast a deployment is, as it runs with them. */
export interface RunningSettings {
  workMs: number;
  batchSize: number;
  jobsPerMessage: number;
  jobConcurrency: number;
}

/** Asked of the deployment itself: cdk.json may have changed since, or an option have overridden it. */
export async function readRunningSettings(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<RunningSettings> {
  const variables = async (name: string) => {
    const { lambda } = deployment.target.clients;
    const answer = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }), {
      abortSignal: signal,
    });
    return answer.Environment?.Variables ?? {};
  };
  const [consumer, scheduler, mapping] = await Promise.all([
    variables(deployment.functions.consumer),
    variables(deployment.functions.scheduler),
    readMapping(deployment, signal),
  ]);
  return {
    workMs: deployment.workMs,
    batchSize: mapping.BatchSize ?? Number.NaN,
    jobsPerMessage: Number(scheduler.DRUMLINE_JOBS_PER_MESSAGE),
    jobConcurrency: Number(consumer.DRUMLINE_JOB_CONCURRENCY),
  };
}
