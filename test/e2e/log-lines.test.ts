import { expect } from 'vitest';
import { FUNCTIONS } from '../../infra-cdk/bundling/bundle-functions.ts';
import { drained, logLines, run, start, stop, target, until } from './system.ts';
import { testIf } from './test-if.ts';

const test = testIf(target.name === 'local', 'the logs of a shared stack have other tests’ faults in them');

/** What Lambda itself writes ("Understanding Lambda function logs" has these four). */
const PLATFORM = /^(INIT_START|START|END|REPORT) /;

const JOBS = 2_000;

/** Whether a line is one JSON object of our logger's, or has only metrics: a warning has its metrics in a second line. */
function isOurs(line: string): boolean {
  try {
    const { service, level, message, timestamp, _aws } = JSON.parse(line);
    if (level === undefined && _aws) return _aws.CloudWatchMetrics[0].Namespace === 'Drumline';
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
      async () => (await logLines(name)).map(({ text }) => text),
      (seen) => seen.some((line) => line.startsWith('REPORT ')) && (name === 'status' || seen.some(isOurs)),
    );
    const others = lines.filter((line) => !PLATFORM.test(line) && !isOurs(line));
    expect([name, others]).toEqual([name, []]);
  }
});
