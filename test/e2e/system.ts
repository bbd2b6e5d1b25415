import { basename } from 'node:path';
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetFunctionConfigurationCommand, InvokeCommand } from '@aws-sdk/client-lambda';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect, inject, vi } from 'vitest';
import type { Deployment, FunctionName } from '../../cli/cloud/deployment.ts';
import type { LogLine } from '../../cli/cloud/log-line.ts';
import { LogReader } from '../../cli/cloud/read-logs.ts';
import type { GivenSettings } from '../../cli/cloud/settings.ts';
import { clientConfigOf, elasticsearchUrlFromHost, resolveTarget } from '../../cli/cloud/target.ts';
import type { ControlAnswer } from '../../functions/control.ts';
import type { Table } from '../../functions/core/ledger/table.ts';
import { readTick } from '../../functions/core/ledger/ticks.ts';
import type { RunId } from '../../functions/core/model/ids.ts';
import type { Message } from '../../functions/core/model/message.ts';
import { messagesToSend } from '../../functions/core/model/tick.ts';
import type { ResultDocument } from '../../functions/core/results/documents.ts';
import type { Verification } from '../../functions/core/verify/verify.ts';
import type { Status } from '../../functions/status.ts';
import { prefixOf } from '../../infra-cdk/settings/settings.ts';
import { localHome } from '../../local/base/home.ts';
import { drumline, drumlineJson, type Ended } from './command.ts';
import { untilDeployed } from './setup.ts';
import { deployWith, STAGES, type StageName, stageOf } from './stages.ts';
import { targetOptions } from './suite-target.ts';

/** The deployed system as its users see it: functions to invoke, the command, the queue and the results. */
const suite = inject('suiteTarget');
await untilDeployed(inject('deployedFile'));

const file = basename(expect.getState().testPath ?? '', '.test.ts') as StageName;
const stage = suite.target === 'local' && file in STAGES ? stageOf(file) : suite.stage;

export const { environment } = suite;
export const home = localHome(environment);
export const target = resolveTarget(suite.target, stage, home);
export const { sqs, lambda, cloudFormation } = target.clients;

/** For the SDK's other clients. */
export const aws = clientConfigOf(target);

/** A function's full name, from its short name. */
export const functionName = (name: string) => `${prefixOf({ stage })}-${name}`;

/** Invokes a function by its short name. @throws the function's error */
export async function invoke<Answer>(name: string, payload: unknown = {}): Promise<Answer> {
  const { FunctionError, Payload } = await lambda.send(
    new InvokeCommand({ FunctionName: functionName(name), Payload: JSON.stringify(payload) }),
  );
  const answer = Buffer.from(Payload ?? []).toString();
  if (FunctionError) throw new Error(`${functionName(name)}: ${answer}`);
  return JSON.parse(answer) as Answer;
}

export const status = () => invoke<Status>('status');
export const verify = () => invoke<Verification>('verify');
/** @param x jobs per tick; undefined for all items of the list */
export const start = (x?: number, y = 1_440) =>
  invoke<ControlAnswer>('control', { action: 'start', x, y, replace: true });
export const stop = () => invoke<ControlAnswer>('control', { action: 'stop' });

/** Runs the `drumline` command against this system. */
export const run = (...parameters: string[]): Promise<Ended> =>
  drumline(environment, [...targetOptions({ target: suite.target, stage }), ...parameters]);
export const runJson = <Answer>(...parameters: string[]): Promise<Answer> =>
  drumlineJson(environment, [...targetOptions({ target: suite.target, stage }), ...parameters]);

/**
 * Deploys the settings of this file (stages.ts) on a stack that all files share. On the local cloud the file's own stack
 * has them already.
 */
export async function deployOwnSettings(): Promise<void> {
  if (target.name !== 'local') await deployed(STAGES[file]);
}

/** Deploys the default settings again on a stack that all files share. */
export async function deployDefaults(): Promise<void> {
  if (target.name !== 'local') await deployed();
}

/** Deploys with these settings and the defaults. */
export async function deployed(given: GivenSettings = {}): Promise<void> {
  const { code, stderr } = await run(...deployWith(given));
  expect([code, stderr]).toEqual([0, stderr]);
}

/** An output of the stack. */
export async function output(name: string): Promise<string> {
  const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: target.stackName }));
  const value = Stacks?.[0]?.Outputs?.find(({ OutputKey }) => OutputKey === name)?.OutputValue;
  if (value === undefined) throw new Error(`the stack has no output ${name}`);
  return value;
}

/** Waits until `look` returns what `holds` accepts. @throws Error with what was seen last */
export function until<Seen>(
  look: () => Promise<Seen>,
  holds: (seen: Seen) => boolean,
  seconds = 60,
  interval = 100,
): Promise<Seen> {
  const check = async () => {
    const seen = await look();
    if (!holds(seen)) throw new Error(`last seen: ${JSON.stringify(seen)}`);
    return seen;
  };
  return vi.waitFor(check, { timeout: seconds * 1000, interval });
}

/** Waits until every one of `enqueued` jobs is counted. */
export function drained(enqueued: number, seconds = 120): Promise<Status> {
  return until(
    status,
    (seen) => seen.enqueued === enqueued && seen.processed + seen.failed === enqueued,
    seconds,
  );
}

/** The documents of a run, in the order of their jobs. */
export async function documentsOf(runId: string): Promise<ResultDocument[]> {
  const index = await output('Index');
  await elasticsearch(`${index}/_refresh`, undefined, 'POST');
  const { hits } = await elasticsearch<{ hits: { hits: { _source: ResultDocument }[] } }>(
    `${index}/_search`,
    {
      query: { term: { runId } },
      sort: 'jobId',
      size: 10_000,
    },
  );
  return hits.hits.map(({ _source }) => _source);
}

/** Everything that a function has logged in the last hour, in whichever log group the target uses. */
export function logLines(name: FunctionName, filter?: string): Promise<LogLine[]> {
  const functions = { [name]: functionName(name) } as Deployment['functions'];
  const reader = new LogReader({ target, functions }, [name], Date.now() - 3_600_000, { filter });
  return reader.read(new AbortController().signal);
}

/** A variable in the environment of a function. @param name the function's short name */
export async function variableOf(name: string, variable: string): Promise<string> {
  const { Environment } = await lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: functionName(name) }),
  );
  return Environment?.Variables?.[variable] ?? '';
}

/** The messages of what a run's first tick has claimed, as the scheduler sends them. */
export async function messagesOfFirstTick(runId: string): Promise<Message[]> {
  const tick = await withTable((table) => readTick(table, runId as RunId, 1));
  return tick ? messagesToSend({ ...tick, sent: 0 }) : [];
}

/** Uses the ledger's table, as the functions do. */
export async function withTable<Result>(use: (table: Table) => Promise<Result>): Promise<Result> {
  const marshallOptions = { removeUndefinedValues: true };
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(aws), { marshallOptions });
  try {
    return await use({ name: await output('TableName'), client, conflictDelayMs: 25 });
  } finally {
    client.destroy();
  }
}

/** Elasticsearch's address as seen from this machine. */
export const elasticsearchUrl = elasticsearchUrlFromHost(target, await output('ElasticsearchUrl'));

/** The API key, if Elasticsearch needs one. */
const apiKey = process.env.DRUMLINE_TEST_ELASTICSEARCH_API_KEY;

/** Queries Elasticsearch like the old system's two curl commands. */
export async function elasticsearch<Answer>(
  path: string,
  body?: unknown,
  method = body === undefined ? 'GET' : 'POST',
): Promise<Answer> {
  const answer = await fetch(`${elasticsearchUrl}/${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(apiKey && { authorization: `ApiKey ${apiKey}` }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as Answer;
}
