import { expect, test } from 'vitest';
import { drained, invoke, start, status, stop, until, verify } from './system.ts';

test('ticks fire a minute apart, each once, and a new X holds from the next tick on', async () => {
  await start(5000, 1);
  const first = await until(status, ({ tick }) => tick === 1, 60, 1_000);
  await invoke('control', { action: 'update', x: 2000 });
  expect(await status()).toMatchObject({ x: 2000, tick: 1, enqueued: 5000, missedTicks: 0 });

  const second = await until(status, ({ tick }) => tick === 2, 130, 1_000);
  expect(Date.parse(second.lastTickAt ?? '') - Date.parse(first.lastTickAt ?? '')).toBeGreaterThan(59_000);
  await until(status, ({ tick }) => tick >= 3, 130, 1_000);
  await stop();
  // A busy machine may have fired one more tick before the run was stopped.
  const { tick } = await status();
  const enqueued = 5000 + 2000 * (tick - 1);
  const end = await drained(enqueued);
  expect(end).toMatchObject({ tick, firedTicks: tick, missedTicks: 0, processed: enqueued, failed: 0 });
  expect(await verify()).toMatchObject({ ok: true, documents: enqueued, duplicates: 0 });
});
