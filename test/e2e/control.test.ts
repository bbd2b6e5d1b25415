import { expect, test } from 'vitest';
import { drained, elasticsearch, invoke, output, start, status, stop } from './system.ts';

test.each([
  ['nothing', undefined],
  ['no action', {}],
  ['an unknown action', { action: 'explode' }],
  ['x of 0', { action: 'start', x: 0, y: 1 }],
  ['x above a million', { action: 'start', x: 1_000_001, y: 1 }],
  ['x that is not an integer', { action: 'start', x: 1.5, y: 1 }],
  ['x as text', { action: 'start', x: '1000', y: 1 }],
  ['no y', { action: 'start', x: 10 }],
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
