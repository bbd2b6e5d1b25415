import {
  DeleteStackCommand,
  paginateDescribeStackEvents,
  paginateListStackResources,
  type Stack,
  waitUntilStackDeleteComplete,
} from '@aws-sdk/client-cloudformation';
import { readDepth } from '../../functions/core/queue/queue.ts';
import { CommandError } from '../terminal/errors.ts';
import { counted, sentence } from '../terminal/format.ts';
import { forgetCodeUpdate } from './code-update.ts';
import type { Deployment } from './deployment.ts';
import { readStatus, type Status } from './invoke.ts';
import type { Target } from './target.ts';

/** CloudFormation removes the network interfaces of functions in a VPC last, which takes up to 40 minutes. */
const MAX_DELETION_SECONDS = 3_600;

/** The work that a deployment still has. Deleting the deployment loses it. */
export interface RemainingWork {
  /** null if no run is active. */
  activeRun: string | null;
  /** Jobs of the last run that are enqueued and not yet counted. */
  pendingJobs: number;
  /** Messages in the jobs queue, approximately. */
  queuedMessages: number;
  /** Approximately. */
  deadLetters: number;
  /** Why `activeRun` and `pendingJobs` are not known. */
  unknown?: string;
}

/** Reads what work a deployment still has. A status function that fails is part of the answer, not an error. */
export async function readRemainingWork(deployment: Deployment, signal: AbortSignal): Promise<RemainingWork> {
  const { sqs } = deployment.target.clients;
  const messagesIn = async (url: string) => {
    const { visible, inFlight, delayed } = await readDepth({ url, client: sqs });
    return visible + inFlight + delayed;
  };
  const [queuedMessages, deadLetters, run] = await Promise.all([
    messagesIn(deployment.jobsQueueUrl),
    messagesIn(deployment.deadLetterQueueUrl),
    readStatus(deployment, signal).then(workOfRun, (error: unknown) => {
      signal.throwIfAborted();
      const unknown = error instanceof Error ? error.message : String(error);
      return { activeRun: null, pendingJobs: 0, unknown };
    }),
  ]);
  return { queuedMessages, deadLetters, ...run };
}

function workOfRun({ running, runId, enqueued, processed, failed }: Status) {
  return { activeRun: running ? runId : null, pendingJobs: enqueued - processed - failed };
}

/** The reasons not to delete a deployment, each with what to do. Empty if nothing is lost. */
export function reasonsToKeep(
  { activeRun, pendingJobs, queuedMessages, deadLetters, unknown }: RemainingWork,
  command: Target['command'],
): { reason: string; advice: string }[] {
  const stop = `Stop it and wait for its jobs: ${command('stop --wait')}`;
  const reasons = [];
  if (unknown !== undefined)
    reasons.push({
      reason: `It is not known whether a run is active: ${sentence(unknown)}`,
      advice: `Find the cause: ${command('status')}`,
    });
  if (activeRun !== null) reasons.push({ reason: `The run ${activeRun} is active.`, advice: stop });
  if (pendingJobs > 0 || queuedMessages > 0)
    reasons.push({
      reason:
        pendingJobs > 0
          ? `${counted(pendingJobs, 'job')} of the last run ${pendingJobs === 1 ? 'is' : 'are'} not done yet.`
          : `The jobs queue has ${counted(queuedMessages, 'message')}.`,
      advice: activeRun === null ? `Wait until they are done: ${command('status --watch')}` : stop,
    });
  if (deadLetters > 0)
    reasons.push({
      reason: `${counted(deadLetters, 'dead letter')} ${deadLetters === 1 ? 'is' : 'are'} kept.`,
      advice: `Retry or delete them: ${command('dead-letters retry --all')}, or ${command('dead-letters purge')}`,
    });
  return reasons;
}

/** @throws CommandError `work_remains` that names what deleting the deployment would lose */
export function requireNoWork(target: Target, work: RemainingWork): void {
  const reasons = reasonsToKeep(work, target.command);
  if (reasons.length === 0) return;
  throw new CommandError(
    'work_remains',
    `${reasons.map(({ reason }) => reason).join(' ')} Nothing was deleted.`,
    [
      ...new Set(reasons.map(({ advice }) => advice)),
      `Or delete the stack and lose all of it: ${target.command('destroy --discard-jobs')}`,
    ].join('\n'),
  );
}

/** The types of resources that users know, with a name for one of them. */
const KINDS: Record<string, string> = {
  'AWS::Lambda::Function': 'function',
  'AWS::SQS::Queue': 'queue',
  'AWS::Logs::LogGroup': 'log group',
  'AWS::Events::Rule': 'rule',
  'AWS::IAM::Role': 'role',
  'AWS::CloudWatch::Alarm': 'alarm',
  'AWS::CloudWatch::Dashboard': 'dashboard',
  'AWS::SNS::Topic': 'topic',
  'AWS::EC2::SecurityGroup': 'security group',
};

/** The resources that are deleted with a stack, by kind: the name of one of them, and how many there are. */
export async function readDeletedKinds(
  { clients }: Target,
  stackName: string,
  abortSignal: AbortSignal,
): Promise<Record<string, number>> {
  const kinds: Record<string, number> = {};
  const pages = paginateListStackResources(
    { client: clients.cloudFormation },
    { StackName: stackName },
    { abortSignal },
  );
  for await (const { StackResourceSummaries = [] } of pages)
    for (const { ResourceType = '', ResourceStatus } of StackResourceSummaries) {
      const kind = KINDS[ResourceType];
      if (kind && ResourceStatus !== 'DELETE_COMPLETE') kinds[kind] = (kinds[kind] ?? 0) + 1;
    }
  return kinds;
}

/** Deletes the stack, and waits until it is gone. @throws CommandError `not_destroyed` with CloudFormation's reasons */
export async function deleteStack(
  target: Target,
  { StackId: id = target.stackName }: Stack,
  abortSignal: AbortSignal,
): Promise<void> {
  const client = target.clients.cloudFormation;
  const since = new Date();
  await client.send(new DeleteStackCommand({ StackName: id }), { abortSignal });
  const onEmulator = target.name === 'aws' ? {} : { minDelay: 0.2, maxDelay: 1 };
  try {
    await waitUntilStackDeleteComplete(
      { client, abortSignal, minDelay: 2, maxDelay: 10, maxWaitTime: MAX_DELETION_SECONDS, ...onEmulator },
      { StackName: id },
    );
  } catch (error) {
    abortSignal.throwIfAborted();
    const reasons = await readFailures(target, id, since, abortSignal);
    throw new CommandError(
      'not_destroyed',
      `CloudFormation has not deleted the stack ${target.stackName}${reasons.length > 0 ? `:\n${reasons.join('\n')}` : '.'}`,
      `Run the command again: ${target.command('destroy')}`,
      { cause: error },
    );
  }
  await forgetCodeUpdate(target);
}

/** Why resources could not be deleted, one line each. */
async function readFailures(
  { clients }: Target,
  stackName: string,
  since: Date,
  abortSignal: AbortSignal,
): Promise<string[]> {
  const pages = paginateDescribeStackEvents(
    { client: clients.cloudFormation },
    { StackName: stackName },
    { abortSignal },
  );
  // Events come newest first.
  for await (const { StackEvents = [] } of pages)
    return StackEvents.filter(
      ({ ResourceStatus, Timestamp }) =>
        ResourceStatus === 'DELETE_FAILED' && Timestamp !== undefined && Timestamp >= since,
    ).map(({ LogicalResourceId, ResourceStatusReason }) => `- ${LogicalResourceId}: ${ResourceStatusReason}`);
  return [];
}
