import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { expect } from 'vitest';
import { logGroupsOf } from '../../cli/cloud/read-logs.ts';
import { FUNCTIONS } from '../../infra-cdk/bundling/bundle-functions.ts';
import { drained, functionName, logs, run, start, stop, target, until } from './system.ts';
import { testIf } from './test-if.ts';

const test = testIf(target.name === 'local', 'the logs of a shared stack have other tests’ faults in them');

/** What Lambda itself writes ("Understanding Lambda function logs" has these four). */
const PLATFORM = /^(INIT_START|START|END|REPORT) /;

const JOBS = 2_000;

async function linesOf(name: string): Promise<string[]> {
  const found = await Promise.all(
    logGroupsOf(target, functionName(name)).map((logGroupName) =>
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

test("the log contains only the functions' own lines and Lambda's platform lines", async () => {
  await start(JOBS);
  await drained(JOBS);
  expect((await run('verify')).code).toBe(0);
  await stop();
  // Numbered jobs have no list that the reader could read.
  for (const name of FUNCTIONS.filter((name) => name !== 'reader')) {
    const lines = await until(
      () => linesOf(name),
      (seen) => seen.some((line) => line.startsWith('REPORT ')) && (name === 'status' || seen.some(isOurs)),
    );
    const others = lines.filter((line) => !PLATFORM.test(line) && !isOurs(line));
    expect([name, others]).toEqual([name, []]);
  }
});
