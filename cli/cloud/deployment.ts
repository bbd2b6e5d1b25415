import { DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { CommandError } from '../terminal/errors.ts';
import type { Target } from './target.ts';

const name = z.string().min(1);

const outputs = z.object({
  JobsQueueUrl: name,
  DeadLetterQueueUrl: name,
  TableName: name,
  SchedulerFunction: name,
  ConsumerFunction: name,
  StatusFunction: name,
  ControlFunction: name,
  VerifyFunction: name,
  ElasticsearchUrl: name,
  Index: name,
  WorkMs: z.coerce.number().int().min(0),
});

/** What is deployed: the names of its parts, from the stack's outputs. */
export interface Deployment {
  readonly target: Target;
  readonly jobsQueueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** The ledger's table. */
  readonly table: string;
  readonly functions: Record<FunctionName, string>;
  readonly elasticsearchUrl: string;
  readonly index: string;
  /** How long a job of the default functions/job.ts takes, in milliseconds. */
  readonly workMs: number;
}

export const FUNCTIONS = ['scheduler', 'consumer', 'status', 'control', 'verify'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** Reads what is deployed. @throws CommandError `not_deployed`, or as `findDeployment` */
export async function readDeployment(target: Target, signal: AbortSignal): Promise<Deployment> {
  const deployment = await findDeployment(target, signal);
  if (deployment) return deployment;
  throw new CommandError(
    'not_deployed',
    `The stack ${target.stackName} is not deployed${target.name === 'local' ? ' on the local cloud' : ''}.`,
    target.command('deploy'),
  );
}

/** Reads what is deployed, if anything. @throws CommandError `deployment_differs` for another version's stack */
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
  const { data } = parsed;
  return {
    target,
    jobsQueueUrl: data.JobsQueueUrl,
    deadLetterQueueUrl: data.DeadLetterQueueUrl,
    table: data.TableName,
    functions: {
      scheduler: data.SchedulerFunction,
      consumer: data.ConsumerFunction,
      status: data.StatusFunction,
      control: data.ControlFunction,
      verify: data.VerifyFunction,
    },
    elasticsearchUrl: data.ElasticsearchUrl,
    index: data.Index,
    workMs: data.WorkMs,
  };
}

/** Reads what this version of Drumline has deployed, if anything: another version's stack is to be deployed again. */
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
