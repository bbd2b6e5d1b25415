import { DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { CommandError } from '../terminal/errors.ts';
import type { Target } from './target.ts';

const name = z.string().min(1);

/** The outputs of the stack. */
const outputs = z
  .object({
    JobsQueueUrl: name,
    DeadLetterQueueUrl: name,
    AbandonedEventsQueueUrl: name,
    TableName: name,
    ItemsBucket: name,
    SchedulerFunction: name,
    AutoscalerFunction: name,
    ReaderFunction: name,
    ConsumerFunction: name,
    StatusFunction: name,
    ControlFunction: name,
    VerifyFunction: name,
    ElasticsearchUrl: name,
    Index: name,
    WorkMs: z.coerce.number().int().min(0),
  })
  .transform((stack) => ({
    jobsQueueUrl: stack.JobsQueueUrl,
    deadLetterQueueUrl: stack.DeadLetterQueueUrl,
    abandonedEventsQueueUrl: stack.AbandonedEventsQueueUrl,
    /** The table of the ledger. */
    table: stack.TableName,
    /** The bucket of the items of a list. */
    itemsBucket: stack.ItemsBucket,
    functions: {
      scheduler: stack.SchedulerFunction,
      autoscaler: stack.AutoscalerFunction,
      reader: stack.ReaderFunction,
      consumer: stack.ConsumerFunction,
      status: stack.StatusFunction,
      control: stack.ControlFunction,
      verify: stack.VerifyFunction,
    },
    elasticsearchUrl: stack.ElasticsearchUrl,
    index: stack.Index,
    /** How long a job waits in the default functions/job.ts, in milliseconds. */
    workMs: stack.WorkMs,
  }));

/** A deployed stack, described by its outputs. */
export type Deployment = Readonly<z.infer<typeof outputs>> & { readonly target: Target };

export { FUNCTIONS, type FunctionName } from '../../infra-cdk/bundling/bundle-functions.ts';

/** Reads the deployed stack. @throws CommandError `not_deployed` or `deployment_differs` */
export async function readDeployment(target: Target, signal: AbortSignal): Promise<Deployment> {
  const deployment = await findDeployment(target, signal);
  if (deployment) return deployment;
  throw new CommandError(
    'not_deployed',
    `The stack ${target.stackName} is not deployed${target.name === 'local' ? ' on the local cloud' : ''}.`,
    target.command('deploy'),
  );
}

/** Reads the deployed stack, if there is one. @throws CommandError `deployment_differs` for a stack of another version */
export async function findDeployment(target: Target, signal: AbortSignal): Promise<Deployment | undefined> {
  const stack = await findStack(target, target.stackName, signal);
  if (!stack?.Outputs?.length) return undefined;
  const values = Object.fromEntries(
    stack.Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
  );
  const parsed = outputs.safeParse(values);
  if (!parsed.success) {
    throw new CommandError(
      'deployment_differs',
      `The stack ${target.stackName} was deployed by another version of Drumline (it has no output ${parsed.error.issues[0]?.path.join('.')}).`,
      target.command('deploy'),
    );
  }
  return { target, ...parsed.data };
}

/** Reads the deployed stack, if this version of Drumline has deployed it. A stack of another version must be deployed again. */
export async function findCurrentDeployment(
  target: Target,
  signal: AbortSignal,
): Promise<Deployment | undefined> {
  try {
    return await findDeployment(target, signal);
  } catch (error) {
    if (error instanceof CommandError && error.code === 'deployment_differs') return undefined;
    throw error;
  }
}

/** Reads a CloudFormation stack, if it exists. */
export async function findStack(
  { clients }: Target,
  stackName: string,
  abortSignal: AbortSignal,
): Promise<Stack | undefined> {
  try {
    const answer = await clients.cloudFormation.send(new DescribeStacksCommand({ StackName: stackName }), {
      abortSignal,
    });
    const [stack] = answer.Stacks ?? [];
    return stack?.StackStatus === 'DELETE_COMPLETE' ? undefined : stack;
  } catch (error) {
    if (error instanceof Error && error.message.includes('does not exist')) return undefined;
    throw error;
  }
}
