import { expect, test } from 'vitest';
import { drained, elasticsearch, invoke, output, run, start, status, stop } from './system.ts';

test.each([
  ['nothing', undefined],
  ['no action', {}],
  ['an unknown action', { action: 'explode' }],
  ['x of 0', { action: 'start', x: 0, y: 1 }],
  ['x above a million', { action: 'start', x: 1_000_001, y: 1 }],
  ['x that is not an integer', { action: 'start', x: 1.5, y: 1 }],
  ['x as text', { action: 'start', x: '1000', y: 1 }],
  ['neither y nor cron', { action: 'start', x: 10 }],
  ['y and cron', { action: 'start', x: 10, y: 1, cron: '0 6 * * *' }],
  ['a time zone without cron', { action: 'start', x: 10, y: 1, timezone: 'UTC' }],
  ['an hour of 25', { action: 'start', x: 10, cron: '0 25 * * *' }],
  [
    'a time zone that does not exist',
    { action: 'start', x: 10, cron: '0 6 * * *', timezone: 'Mars/Olympus' },
  ],
  ['y above a day', { action: 'start', x: 10, y: 1441 }],
  ['a field that is not known', { action: 'start', x: 10, y: 1, concurency: 3 }],
  ['an update of nothing', { action: 'update' }],
  ['an update to x of -1', { action: 'update', x: -1 }],
  ['a list', [1, 2, 3]],
  ['a prototype', JSON.parse('{"action":"start","x":1,"y":1,"__proto__":{"replace":true},"constructor":1}')],
])('control rejects %s with a reason and changes nothing', async (_what, payload) => {
  const before = await status();
  const answer = await invoke<{ error: { code: string; message: string } }>('control', payload ?? null);
  expect(answer.error.code).toMatch(/^(invalid_input|no_active_run)$/);
  expect(answer.error.message).not.toMatch(/^Invalid input$|\n/);
  expect(await status()).toMatchObject({
    running: before.running,
    runId: before.runId,
    enqueued: before.enqueued,
  });
});

test('stop and update are refused while no run is active', async () => {
  await stop(); // Whatever a test before this one left.
  for (const payload of [{ action: 'stop' }, { action: 'update', x: 5 }]) {
    expect(await invoke('control', payload)).toMatchObject({ error: { code: 'no_active_run' } });
  }
});

test('a run with a cron expression waits for its next time, and can change to minutes and back', async () => {
  const [cron, timezone] = ['0 6 29 2 *', 'Europe/Berlin'];
  const started = await invoke('control', { action: 'start', x: 10, cron, timezone, replace: true });
  const nextTickAt = expect.stringMatching(/^20\d\d-02-29T05:00:00.000Z$/);
  expect(started).toMatchObject({ running: true, y: null, cron, timezone, nextTickAt });
  expect(await status()).toMatchObject({ enqueued: 0, tick: 0, y: null, cron, timezone, nextTickAt });
  expect((await run('status')).stdout).toMatch(/^Next +\w+ 29 Feb 06:00 Europe\/Berlin \(in /m);
  // No tick has fired, so with minutes one is due now.
  expect(await invoke('control', { action: 'update', y: 1_440 })).toMatchObject({ y: 1_440 });
  await invoke('scheduler');
  await drained(10);
  expect((await run('update', '--cron', '0 6 30 * *')).stdout).toContain('10 jobs at 0 6 30 * * (UTC)');
  expect(await status()).toMatchObject({ enqueued: 10, cron: '0 6 30 * *', timezone: 'UTC' });
  const invalid = await run('update', '--cron', '0 6 32 * *');
  expect([invalid.code, invalid.stderr]).toEqual([2, expect.stringContaining('"32" is not a valid day')]);
  await stop();
});

test('a second start is refused with the id of the active run, unless it may replace that run', async () => {
  const { runId } = await start(20);
  // A tick that fires during the replacement would cause a conflict, which control refuses correctly.
  await drained(20);
  const refused = await invoke('control', { action: 'start', x: 5, y: 5 });
  expect(refused).toMatchObject({ error: { code: 'run_active', details: { runId } } });
  const replaced = await invoke<{ runId: string }>('control', {
    action: 'start',
    x: 30,
    y: 5,
    replace: true,
  });
  expect(replaced).toMatchObject({ running: true, replaced: runId });
  await drained(30);
  expect(await status()).toMatchObject({ runId: replaced.runId, x: 30, y: 5 });
  await stop();
});

test('one of two simultaneous starts succeeds', async () => {
  const answers = await Promise.all(
    [1, 2, 3].map(() =>
      invoke<{ runId?: string; error?: unknown }>('control', { action: 'start', x: 10, y: 9 }),
    ),
  );
  expect(answers.filter(({ runId }) => runId !== undefined)).toHaveLength(1);
  await drained(10);
  await stop();
});

test('a start is refused and begins nothing while the index has another mapping', async () => {
  const index = await output('Index');
  await elasticsearch(index, undefined, 'DELETE');
  await elasticsearch(index, { mappings: { properties: { jobId: { type: 'keyword' } } } }, 'PUT');
  const before = await status();
  expect(await invoke('control', { action: 'start', x: 10, y: 1 })).toMatchObject({
    error: {
      code: 'index_conflict',
      details: { index, field: 'jobId', expected: 'long', actual: 'keyword' },
    },
  });
  expect(await status()).toMatchObject({ running: false, runId: before.runId });
  await elasticsearch(index, undefined, 'DELETE');
  await start(10);
  await drained(10);
  await stop();
});
