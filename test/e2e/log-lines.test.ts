import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { beforeAll, expect } from 'vitest';
import { logGroupsOf } from '../../cli/cloud/read-logs.ts';
import type { Status } from '../../functions/status.ts';
import { FUNCTIONS } from '../../infra-cdk/bundling/bundle-functions.ts';
import { prefixOf } from '../../infra-cdk/settings/settings.ts';
import { deployWith } from './deployed.ts';
import { logs, run, runJson, target, until } from './system.ts';
import { testWhere } from './test-where.ts';

const test = testWhere(target.name === 'local', 'it deploys a stack of its own');

/** A stack of its own, whose logs no other test's faults are in. */
const STAGE = 'log-lines';
const here = ['--stage', STAGE];

/** What Lambda itself writes ("Understanding Lambda function logs" has these four). */
const PLATFORM = /^(INIT_START|START|END|REPORT) /;

/** More jobs at a time in a worker than Node lets listen for one signal without a warning, which is ten. */
const JOBS_AT_A_TIME = 20;
const JOBS = 2_000;

beforeAll(async () => {
  const { code, stderr } = await run(...deployWith({ workMs: 20, jobConcurrency: JOBS_AT_A_TIME }), ...here);
  expect([code, stderr]).toEqual([0, stderr]);
});

async function linesOf(name: string): Promise<string[]> {
  const found = await Promise.all(
    logGroupsOf(target, `${prefixOf({ stage: STAGE })}-${name}`).map((logGroupName) =>
      logs.send(new FilterLogEventsCommand({ logGroupName })),
    ),
  );
  return found.flatMap(({ events = [] }) => events.map(({ message = '' }) => message));
}

/** Whether a line is one JSON object of our logger's. */
function isOurs(line: string): boolean {
  try {
    const { service, level, message, timestamp } = JSON.parse(line);
    return service === 'drumline' && [level, message, timestamp].every((part) => typeof part === 'string');
  } catch {
    return false;
  }
}

test('the functions write nothing but their own log lines, and Lambda its own', async () => {
  expect((await run('start', '--x', String(JOBS), '--y', '1440', ...here)).code).toBe(0);
  await until(
    () => runJson<Status>('status', ...here),
    ({ processed }) => processed === JOBS,
    120,
  );
  expect((await run('verify', ...here)).code).toBe(0);
  expect((await run('stop', ...here)).code).toBe(0);
  for (const name of FUNCTIONS) {
    const lines = await until(
      () => linesOf(name),
      (seen) => seen.some((line) => line.startsWith('REPORT ')) && (name === 'status' || seen.some(isOurs)),
    );
    const others = lines.filter((line) => !PLATFORM.test(line) && !isOurs(line));
    expect([name, others]).toEqual([name, []]);
  }
});
