import { expect, test } from 'vitest';
import { drained, invoke, start, status, stop, until, verify } from './system.ts';

test('three ticks a minute apart, X changed in between: enqueued is what the ticks say, each tick once', async () => {
  await start(5000, 1);
  const first = await drained(5000);
  expect(first).toMatchObject({ tick: 1, missedTicks: 0 });

  await invoke('control', { action: 'update', x: 2000 });
  expect(await status()).toMatchObject({ x: 2000, enqueued: 5000 });

  const second = await until(status, ({ tick }) => tick === 2, 130, 1_000);
  expect(Date.parse(second.lastTickAt ?? '') - Date.parse(first.lastTickAt ?? '')).toBeGreaterThanOrEqual(
    59_000,
  );
  await drained(7000);
  await until(status, ({ tick }) => tick === 3, 130, 1_000);
  const end = await drained(9000);
  expect(end).toMatchObject({ enqueued: 9000, processed: 9000, failed: 0, tick: 3, missedTicks: 0 });
  await stop();
  expect(await verify()).toMatchObject({ ok: true, documents: 9000, duplicates: 0 });
});
