import { beforeAll, expect } from 'vitest';
import { changeScaling } from '../../functions/core/ledger/scaling.ts';
import { STABILIZATION_MS } from '../../functions/core/scaling/decide.ts';
import {
  deployOwnSettings,
  invoke,
  run,
  start,
  status,
  stop,
  target,
  until,
  verify,
  withTable,
} from './system.ts';
import { testIf } from './test-if.ts';

const test = testIf(target.name !== 'localstack', 'its mapping processes one batch at a time');

const MAX = 6;

beforeAll(deployOwnSettings);

/**
 * Ends the five minutes in which a number of workers that was needed is kept: makes what was needed during the tick older,
 * because a test should not wait that long.
 */
const endStabilization = () =>
  withTable((table) =>
    changeScaling(table, ({ recommendations, ...scaling }) => ({
      ...scaling,
      recommendations: recommendations.map(({ at, workers }) => ({
        at: workers > 1 ? at - STABILIZATION_MS : at,
        workers,
      })),
    })),
  );

const drained = (jobs: number) =>
  until(
    status,
    ({ enqueued, processed, failed }) => enqueued === jobs && processed + failed === jobs,
    240,
    500,
  );

test('X from 1,000 to 20,000 jobs of 100 ms takes more workers, then one again, and counts each job once', async () => {
  for (const words of [['1'], [`1:${MAX}`, '--drain-within', '60']])
    expect(await run('scale', ...words)).toMatchObject({ code: 0 });
  expect(await status()).toMatchObject({ concurrency: 1, scaling: { rule: { min: 1, max: MAX } } });

  const { runId } = await start(1_000, 1);
  await drained(1_000);
  expect(await status()).toMatchObject({ concurrency: 1, workers: [{ processed: 1_000 }] });

  await invoke('control', { action: 'update', x: 20_000 });
  const raised = await until(
    status,
    ({ concurrency, enqueued }) => (concurrency ?? 1) > 1 && enqueued === 21_000,
    240,
  );
  await stop();
  const { from, to, figures } = raised.scaling.change ?? {};
  expect(from).toBe(1);
  expect(to).toBe(raised.concurrency);
  expect(figures).toMatchObject({ workers: 1, schedule: { x: 20_000, periodMs: 60_000 } });

  const { enqueued } = raised;
  const end = await drained(enqueued);
  expect(end.workers.length).toBeGreaterThan(1);
  expect(await verify()).toMatchObject({
    ok: true,
    runId,
    processed: enqueued,
    documents: enqueued,
    duplicates: 0,
  });

  await invoke('autoscaler');
  expect((await status()).concurrency).toBe(end.concurrency);
  await endStabilization();
  await invoke('autoscaler');
  expect(await status()).toMatchObject({
    concurrency: 1,
    scaling: { state: 'settled', change: { from: end.concurrency, to: 1, reason: 'No job is pending.' } },
  });
});
