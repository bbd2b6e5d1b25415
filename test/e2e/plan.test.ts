import { beforeAll, describe, expect, test } from 'vitest';
import { isPlatformLine } from '../../cli/cloud/log-line.ts';
import type { Status } from '../../functions/status.ts';
import { LOG_BYTES } from '../../plan/overheads.ts';
import type { Plan } from '../../plan/plan.ts';
import { STAGES } from './stages.ts';
import { deployOwnSettings, drained, invoke, logLines, run, runJson, start, stop, target } from './system.ts';
import { testIf } from './test-if.ts';

const testHere = testIf(target.name === 'local', 'its times and logs are not AWS’s');

const JOBS = 2_000;
const SETTINGS = STAGES.plan;

/** A tick may be a third faster than its plan, whose overheads are another machine's, and slower on a busy machine. */
const FASTEST = 0.65;
const SLOWEST = 3;

const asContext = (settings: object) =>
  Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

describe('a real tick takes about as long as planned', () => {
  let end: Status;

  beforeAll(async () => {
    await deployOwnSettings();
    // A first tick starts the workers.
    await start(200);
    await drained(200);
    await start(JOBS);
    end = await drained(JOBS);
    await stop();
    await invoke('scheduler');
  });

  testHere('from its claim to its last count', async () => {
    const plan = await runJson<Plan>(
      'plan',
      '--x',
      String(JOBS),
      '--y',
      '5',
      '--concurrency',
      '2',
      ...asContext(SETTINGS),
    );
    expect(plan.packing).toMatchObject({ messages: 200, batches: 20 });
    const lastCount = Math.max(...end.workers.map(({ lastSeenAt }) => Date.parse(lastSeenAt)));
    const ms = lastCount - Date.parse(end.lastTickAt ?? '');
    expect(plan.drain.bound).toBe('workers');
    expect(ms).toBeGreaterThan(plan.drain.ms * FASTEST);
    expect(ms).toBeLessThan(plan.drain.ms * SLOWEST);
  });

  testHere.each([
    ['consumer', LOG_BYTES.batch],
    ['scheduler', LOG_BYTES.firing],
  ] as const)('the %s logs about as many bytes as the plan charges for', async (name, priced) => {
    const lines = await logLines(name);
    // The plan charges for firings with nothing due. The line of one that fires a tick is longer.
    const fired = lines.filter(({ message }) => message === 'fired');
    const bytes = lines
      .filter((line) => !isPlatformLine(line) && !fired.includes(line))
      .reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
    const reports = lines.filter(({ text }) => text.startsWith('REPORT '));
    const each = bytes / (reports.length - fired.length);
    expect(each).toBeGreaterThan(priced * 0.7);
    expect(each).toBeLessThan(priced * 1.3);
  });
});

test('plan needs no deployment, and names the setting that removes a warning', async () => {
  const { code, stdout } = await run(
    'plan',
    '--x',
    '100000',
    '--y',
    '5',
    '--work-ms',
    '100',
    '--stage',
    'nowhere',
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/Workers needed/);
  expect(stdout).toMatch(/! concurrency: .*drumline scale \d+/);
});
