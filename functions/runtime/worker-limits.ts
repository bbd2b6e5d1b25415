import {
  GetEventSourceMappingCommand,
  GetFunctionConcurrencyCommand,
  type LambdaClient,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { isTransient, reasonFrom } from '../core/model/errors.ts';
import { Refused, type WorkerLimits } from '../core/scaling/apply-scaling.ts';

/**
 * The limits of the consumer's workers, through Lambda's API.
 * @param mappingId the UUID of the event source mapping; empty if it has provisioned pollers, which do not allow a maximum
 */
export function workerLimits(lambda: LambdaClient, FunctionName: string, mappingId: string): WorkerLimits {
  const mapping: Pick<WorkerLimits, 'readMapping'> = {
    readMapping: () =>
      refusing(async () => {
        const answer = await lambda.send(new GetEventSourceMappingCommand({ UUID: mappingId }));
        return {
          maximum: answer.ScalingConfig?.MaximumConcurrency ?? null,
          // Creating, Enabling, Updating and so on. A disabled mapping can be changed, too.
          isChanging: /ing$/.test(answer.State ?? ''),
        };
      }),
  };
  return {
    readReserved: () =>
      refusing(async () => {
        const answer = await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }));
        return answer.ReservedConcurrentExecutions ?? null;
      }),
    reserve: (workers) =>
      refusing(() =>
        lambda.send(
          new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: workers }),
        ),
      ),
    ...(mappingId !== '' && mapping),
    limitMapping: (MaximumConcurrency) =>
      refusing(() =>
        lambda.send(
          new UpdateEventSourceMappingCommand({ UUID: mappingId, ScalingConfig: { MaximumConcurrency } }),
        ),
      ),
  };
}

/** @throws Refused for every error of Lambda */
async function refusing<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new Refused(problemOf(error));
  }
}

/** What an error of Lambda means for the number of workers, as a sentence. */
function problemOf(error: unknown): string {
  const reason = reasonFrom(error);
  // Lambda keeps at least 100 executions of an account unreserved ("Configuring reserved concurrency for a function").
  if (reason.includes('UnreservedConcurrentExecution'))
    return `The account’s Lambda concurrency has no room for so many workers: ${reason}`;
  if (error instanceof Error && error.name === 'ResourceNotFoundException')
    return `The deployment is not complete, so deploy again: ${reason}`;
  if (isTransient(error)) return `Lambda does not answer, or throttles: ${reason}`;
  return `Lambda refuses: ${reason}`;
}
