import { expect, test } from 'vitest';
import { costText, type RunDetails, runScreen } from '../../../cli/runs/run-screen.ts';
import { UNCOLOURED } from '../../../cli/terminal/output.ts';
import { sampleStatus } from './fixtures.ts';

const tickStatus = (tick: number): RunDetails['ticks'][number] => ({
  ...{ tick, firstJob: tick * 100 - 99, lastJob: tick * 100, count: 100, enqueued: 100, sent: 100 },
  ...{
    dueAt: '2026-11-23T21:45:12.000Z',
    claimedAt: '2026-11-23T21:45:13.000Z',
    spreadMs: 0,
    state: 'enqueued',
  },
});

const screen = (more: Partial<RunDetails> = {}, lastMissed?: number) => {
  const lastMiss =
    lastMissed === undefined
      ? null
      : { tick: lastMissed, at: '2026-11-23T22:45:12.000Z', reason: 'it was late' };
  const ticks = [9, 6, 3].map(tickStatus);
  return runScreen({ run: sampleStatus({ lastMiss }), ticks, cost: 0.421, ...more }, UNCOLOURED);
};

/** The first and the last column of the table. */
const rowsOf = (text: string) =>
  [...text.matchAll(/^ *(\d+(?:–\d+)?) {2}.* (missed|enqueued)$/gm)].map(
    ([, tick, state]) => `${tick} ${state}`,
  );

test('a run is shown with its ticks and its cost', () => {
  const text = screen();
  expect(text).toContain('20261123-214512-k3f9: 1,000 jobs every minute, running');
  expect(text).toContain('Cost: about 0.42 $ on AWS');
  expect(text).toMatch(/ 9 +.* +100 +801 +900 +100 +enqueued$/m);
  expect(costText(0.001)).toBe('less than 0.01 $ on AWS');
});

test('ticks that were missed are shown between the others, before the first and after the last one', () => {
  const fired = ['9 enqueued', '7–8 missed', '6 enqueued', '4–5 missed', '3 enqueued'];
  expect(rowsOf(screen())).toEqual([...fired, '1–2 missed']);
  expect(rowsOf(screen({}, 10))).toEqual(['10 missed', ...fired, '1–2 missed']);
  // The last missed tick is older than the last one that fired.
  expect(rowsOf(screen({}, 8))).toEqual([...fired, '1–2 missed']);
  const page = screen({ next: 3 });
  expect(rowsOf(page)).toEqual(fired);
  expect(page).toContain('There are earlier ticks');
  expect(rowsOf(screen({ ticks: [] }, 4))).toEqual(['1–4 missed']);
  expect(rowsOf(screen({ ticks: [] }))).toEqual([]);
});
