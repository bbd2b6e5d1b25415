import pMap from 'p-map';
import { beforeAll, describe, expect } from 'vitest';
import { type Played, play, WAYS, type Way } from './boundary.ts';
import { target } from './system.ts';
import { testIf } from './test-if.ts';

const test = testIf(target.name !== 'aws', 'it makes a table and two queues for each of a hundred scenarios');

/** Scenarios mostly wait, so several run at the same time. */
const AT_ONCE = 6;

const expected = { ok: true, enqueued: 40, processed: 39, failed: 1, documents: 39, duplicates: 0 };

let calm: Played;

beforeAll(async () => {
  calm = await play('faults-calm');
});

test('without a fault, one job of the scenario fails permanently and one succeeds at the second attempt', () => {
  expect(calm.verification).toMatchObject(expected);
  expect(calm.ahead).toEqual([]);
  // One, or two if this machine is so busy that the message was delivered again before its job was counted.
  expect(calm.deadLetters).toBeGreaterThanOrEqual(1);
  expect(calm.schedulerCalls).toContain('SendMessageBatchCommand');
  expect(calm.workerCalls.length).toBeGreaterThan(3);
});

describe.each(['scheduler', 'worker'] as const)('a fault at any call of the %s', (who) => {
  test.each(WAYS.map((way): [Way] => [way]))(
    'when it %s, each job is counted once and has its one document',
    async (way) => {
      const calls = who === 'scheduler' ? calm.schedulerCalls : calm.workerCalls;
      const played = await pMap(
        calls,
        async (call, at) => {
          const name = `faults-${who}-${way.replaceAll(' ', '-')}-${at}`;
          return { at, call, ...(await play(name, { who, at, way })) };
        },
        { concurrency: AT_ONCE },
      );
      for (const { at, call, verification, ahead, deadLetters } of played) {
        const where = `${who} ${way}, call ${at} (${call})`;
        expect(verification, where).toMatchObject(expected);
        expect(ahead, where).toEqual([]);
        // A dead letter may be kept twice, but must never be missing.
        expect(deadLetters, where).toBeGreaterThanOrEqual(1);
      }
    },
  );
});
