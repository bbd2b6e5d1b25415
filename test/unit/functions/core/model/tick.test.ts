import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  jobsInRange,
  jobsToRun,
  MAX_JOBS_PER_MESSAGE,
  type Message,
  messageKey,
} from '../../../../../functions/core/model/message.ts';
import {
  jobDueAt,
  messageContaining,
  messagesToSend,
  nextSlice,
  ownsMessage,
  type Slice,
  type Tick,
} from '../../../../../functions/core/model/tick.ts';
import { job, jobs, message, messageFrom, NOW, tick } from '../../../../fixtures/ledger.ts';

const jobsPerMessage = fc.oneof(
  fc.integer({ min: 1, max: 20 }),
  fc.integer({ min: 1, max: MAX_JOBS_PER_MESSAGE }),
);
const ticks: fc.Arbitrary<Tick> = fc
  .record({
    firstJob: fc.integer({ min: 1, max: 1e12 }).map(job),
    count: fc.integer({ min: 1, max: 3_000 }),
    jobsPerMessage,
  })
  .map(tick);

/** Messages per slice. A scheduler that resumes a tick may have another number. */
const sliceSizes = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 });

/** Claims the tick, slice by slice. */
function slicesOf(tick: Tick, sizes: number[]): Slice[] {
  const slices: Slice[] = [];
  let claimed = 0;
  for (let turn = 0; ; turn++) {
    const slice = nextSlice({ ...tick, claimed }, sizes[turn % sizes.length] as number, NOW);
    if (!slice) return slices;
    slices.push(slice);
    claimed = slice.to;
  }
}

const messagesOf = (tick: Tick, { from, to }: Slice = { from: 0, to: tick.count }): Message[] =>
  messagesToSend({ ...tick, sent: from, claimed: to });

describe('a slice', () => {
  test('starts where the last one ended, and has as many messages as asked or the rest of the tick', () => {
    expect(nextSlice(tick(), 3, NOW)).toEqual({ from: 0, to: 30 });
    expect(nextSlice(tick({ claimed: 30 }), 3, NOW)).toEqual({ from: 30, to: 60 });
    expect(nextSlice(tick({ claimed: 90, count: 95 }), 3, NOW)).toEqual({ from: 90, to: 95 });
    expect(nextSlice(tick({ claimed: 95, count: 95 }), 3, NOW)).toBeUndefined();
  });

  test('of a tick that is spread over its minutes ends with the last message that is due', () => {
    const spread = tick({ count: 100, jobsPerMessage: 10, spreadMs: 100_000 });
    expect([0, 10, 99].map((at) => jobDueAt(spread, at) - NOW)).toEqual([0, 10_000, 99_000]);
    expect(jobDueAt(tick(), 99)).toBe(NOW);
    expect(nextSlice(spread, 50, NOW - 1)).toBeUndefined();
    expect(nextSlice(spread, 50, NOW)).toEqual({ from: 0, to: 10 });
    expect(nextSlice(spread, 50, NOW + 29_999)).toEqual({ from: 0, to: 30 });
    expect(nextSlice(spread, 2, NOW + 29_999)).toEqual({ from: 0, to: 20 });
    expect(nextSlice({ ...spread, claimed: 30 }, 50, NOW + 29_999)).toBeUndefined();
    expect(nextSlice({ ...spread, claimed: 30 }, 50, NOW + 100_000)).toEqual({ from: 30, to: 100 });
  });
});

test('the messages of a slice have consecutive jobs, the last one perhaps fewer', () => {
  const slice = tick({ firstJob: job(101), count: 25, claimed: 25, sliceClaimedAt: NOW + 5 });
  const enqueued = { enqueuedAt: NOW + 5 };
  expect(messagesToSend(slice)).toEqual([
    messageFrom(101, 10, enqueued),
    messageFrom(111, 10, enqueued),
    messageFrom(121, 5, enqueued),
  ]);
});

test('messages partition the jobs of a tick in the same way, whatever the slices', () => {
  fc.assert(
    fc.property(ticks, sliceSizes, (tick, sizes) => {
      const slices = slicesOf(tick, sizes);
      expect(slices.map(({ from }) => from)).toEqual([0, ...slices.map(({ to }) => to)].slice(0, -1));
      expect(slices.at(-1)?.to).toBe(tick.count);
      for (const { from, to } of slices) {
        expect(to).toBeGreaterThan(from);
        expect(from % tick.jobsPerMessage).toBe(0);
      }
      const messages = slices.flatMap((slice) => messagesOf(tick, slice));
      const jobIds = Array.from({ length: tick.count }, (_, at) => tick.firstJob + at);
      expect(messages.flatMap(jobsToRun)).toEqual(jobIds);
      // A scheduler that sends a slice again sends the same messages.
      expect(messages).toEqual(messagesOf(tick));
      expect(new Set(messages.map(messageKey)).size).toBe(messages.length);
      for (const { first, last } of messages) expect(last - first).toBeLessThan(tick.jobsPerMessage);
    }),
  );
});

test('messageContaining finds the message of every job', () => {
  fc.assert(
    fc.property(ticks, (tick) => {
      for (const { v: _, enqueuedAt: __, ...range } of messagesOf(tick))
        for (const jobId of jobsInRange(range)) expect(messageContaining(tick, jobId)).toEqual(range);
    }),
    { numRuns: 20 },
  );
});

describe('a tick owns', () => {
  const claimed = tick({ claimed: 100 });

  test('exactly the messages that it has claimed', () => {
    fc.assert(
      fc.property(ticks, sliceSizes, fc.nat(), (tick, sizes, stop) => {
        const slices = slicesOf(tick, sizes);
        const before = slices.slice(0, stop % (slices.length + 1));
        const keys = new Set(before.flatMap((slice) => messagesOf(tick, slice)).map(messageKey));
        const claimed = before.at(-1)?.to ?? 0;
        for (const message of messagesOf(tick))
          expect(ownsMessage({ ...tick, claimed }, message)).toBe(keys.has(messageKey(message)));
      }),
    );
    expect(ownsMessage(claimed, message({ retry: { round: 1, jobs: jobs(3) } }))).toBe(true);
  });

  test('no range with other borders, whose jobs would be counted twice', () => {
    const lengths = fc.integer({ min: 1, max: MAX_JOBS_PER_MESSAGE });
    fc.assert(
      fc.property(ticks, fc.integer({ min: -600, max: 3_600 }), lengths, (tick, offset, length) => {
        const forged = messageFrom(tick.firstJob + offset, length);
        const keys = new Set(messagesOf(tick).map(messageKey));
        expect(ownsMessage({ ...tick, claimed: tick.count }, forged)).toBe(keys.has(messageKey(forged)));
      }),
    );
    // Shifted, too short, too long, two in one, before the tick, after the tick, across its end.
    for (const [first, last] of [
      [2, 11],
      [1, 9],
      [1, 11],
      [1, 20],
      [-9, 0],
      [101, 110],
      [91, 101],
    ] as const)
      expect(ownsMessage(claimed, message({ first: job(first), last: job(last) }))).toBe(false);
    const short = tick({ count: 95, claimed: 95 });
    expect([messageFrom(91, 5), messageFrom(91)].map((last) => ownsMessage(short, last))).toEqual([
      true,
      false,
    ]);
  });
});
