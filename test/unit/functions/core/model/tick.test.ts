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
  jobsPerMessageOf,
  messageContaining,
  messagesToSend,
  nextSlice,
  ownsMessage,
  type Slice,
  type Tick,
} from '../../../../../functions/core/model/tick.ts';
import { job, message, NOW, tick } from '../../samples.ts';

const ticks: fc.Arbitrary<Tick> = fc
  .record({
    firstJob: fc.integer({ min: 1, max: 1e12 }).map(job),
    count: fc.integer({ min: 1, max: 3_000 }),
    jobsPerMessage: fc.oneof(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: MAX_JOBS_PER_MESSAGE }),
    ),
  })
  .map(tick);

/** How many messages each slice may have; a scheduler that resumes may use another number. */
const sliceSizes = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 });

/** Claims the whole tick, slice by slice. */
function slicesOf(whole: Tick, sizes: number[]): Slice[] {
  const slices: Slice[] = [];
  let claimed = 0;
  for (let turn = 0; ; turn++) {
    const slice = nextSlice({ ...whole, claimed }, sizes[turn % sizes.length] as number, NOW);
    if (!slice) return slices;
    slices.push(slice);
    claimed = slice.to;
  }
}

function allMessages(whole: Tick): Message[] {
  return messagesToSend({ ...whole, sent: 0, claimed: whole.count });
}

describe('nextSlice', () => {
  test('claims the tick from its first job on, as many messages as asked', () => {
    expect(nextSlice(tick(), 3, NOW)).toEqual({ from: 0, to: 30 });
    expect(nextSlice(tick({ claimed: 30 }), 3, NOW)).toEqual({ from: 30, to: 60 });
  });

  test('ends with the tick, and finds nothing more in a tick that is claimed whole', () => {
    expect(nextSlice(tick({ claimed: 90, count: 95 }), 3, NOW)).toEqual({ from: 90, to: 95 });
    expect(nextSlice(tick({ claimed: 95, count: 95 }), 3, NOW)).toBeUndefined();
  });

  test('has slices partition the tick exactly, each starting on a message’s border', () => {
    fc.assert(
      fc.property(ticks, sliceSizes, (whole, sizes) => {
        const slices = slicesOf(whole, sizes);
        let at = 0;
        for (const { from, to } of slices) {
          expect(from).toBe(at);
          expect(to).toBeGreaterThan(from);
          expect(from % whole.jobsPerMessage).toBe(0);
          at = to;
        }
        expect(at).toBe(whole.count);
      }),
    );
  });
});

describe('a tick that is spread over its minutes', () => {
  const spread = tick({ count: 100, jobsPerMessage: 10, spreadMs: 100_000 });

  test('has its first job due when it is due itself, and the others evenly after it', () => {
    expect([0, 10, 99].map((place) => jobDueAt(spread, place) - NOW)).toEqual([0, 10_000, 99_000]);
    expect(jobDueAt(tick(), 99)).toBe(NOW);
  });

  test('is claimed as far as its messages are due by a time', () => {
    expect(nextSlice(spread, 50, NOW - 1)).toBeUndefined();
    expect(nextSlice(spread, 50, NOW)).toEqual({ from: 0, to: 10 });
    expect(nextSlice(spread, 50, NOW + 29_999)).toEqual({ from: 0, to: 30 });
    expect(nextSlice(spread, 2, NOW + 29_999)).toEqual({ from: 0, to: 20 });
    expect(nextSlice({ ...spread, claimed: 30 }, 50, NOW + 29_999)).toBeUndefined();
    expect(nextSlice({ ...spread, claimed: 30 }, 50, NOW + 100_000)).toEqual({ from: 30, to: 100 });
  });
});

describe('messagesOf', () => {
  test('makes messages of consecutive jobs, the last one shorter if need be', () => {
    const made = messagesToSend(
      tick({ firstJob: job(101), count: 25, claimed: 25, sliceClaimedAt: NOW + 5 }),
    );
    expect(made).toEqual([
      message({ first: job(101), last: job(110), enqueuedAt: NOW + 5 }),
      message({ first: job(111), last: job(120), enqueuedAt: NOW + 5 }),
      message({ first: job(121), last: job(125), enqueuedAt: NOW + 5 }),
    ]);
  });

  test('has messages partition the tick’s jobs exactly, whatever the slices', () => {
    fc.assert(
      fc.property(ticks, sliceSizes, (whole, sizes) => {
        const made = slicesOf(whole, sizes).flatMap(({ from, to }) =>
          messagesToSend({ ...whole, sent: from, claimed: to }),
        );
        expect(made.flatMap(jobsToRun)).toEqual(
          Array.from({ length: whole.count }, (_, i) => whole.firstJob + i),
        );
        // A scheduler that sends a slice again cuts it into the same messages.
        expect(made).toEqual(allMessages(whole));
        expect(new Set(made.map(messageKey)).size).toBe(made.length);
        for (const { first, last } of made) expect(last - first).toBeLessThan(whole.jobsPerMessage);
      }),
    );
  });
});

describe('messageWith', () => {
  test('gives for each job of a tick the message that messagesOf has made', () => {
    fc.assert(
      fc.property(ticks, (whole) => {
        for (const { v: _, enqueuedAt: __, ...range } of allMessages(whole))
          for (const jobId of jobsInRange(range)) expect(messageContaining(whole, jobId)).toEqual(range);
      }),
      { numRuns: 20 },
    );
  });
});

describe('owns', () => {
  test('accepts exactly the messages that the tick has claimed so far', () => {
    fc.assert(
      fc.property(ticks, sliceSizes, fc.nat(), (whole, sizes, stop) => {
        const slices = slicesOf(whole, sizes);
        const claimedSlices = slices.slice(0, stop % (slices.length + 1));
        const claimed = claimedSlices.at(-1)?.to ?? 0;
        const claimedKeys = new Set(
          claimedSlices
            .flatMap(({ from, to }) => messagesToSend({ ...whole, sent: from, claimed: to }))
            .map(messageKey),
        );
        for (const each of allMessages(whole))
          expect(ownsMessage({ ...whole, claimed }, each)).toBe(claimedKeys.has(messageKey(each)));
      }),
    );
  });

  test('refuses every range that is not border for border one of its messages', () => {
    fc.assert(
      fc.property(
        ticks.map((whole) => ({ ...whole, claimed: whole.count, sent: whole.count })),
        fc.integer({ min: -600, max: 3_600 }),
        fc.integer({ min: 0, max: MAX_JOBS_PER_MESSAGE - 1 }),
        (whole, offset, length) => {
          const first = whole.firstJob + offset;
          const madeUp = message({ first: job(first), last: job(first + length) });
          const own = new Set(allMessages(whole).map(messageKey));
          expect(ownsMessage(whole, madeUp)).toBe(own.has(messageKey(madeUp)));
        },
      ),
    );
  });

  test.each([
    ['shifted by one job', 2, 11],
    ['one job short', 1, 9],
    ['one job long', 1, 11],
    ['two messages in one', 1, 20],
    ['the jobs before the tick', -9, 0],
    ['the jobs after the tick', 101, 110],
    ['reaching over its end', 91, 101],
  ])('refuses a range %s, whose jobs would be counted under a name of their own', (_what, first, last) => {
    expect(ownsMessage(tick({ claimed: 100 }), message({ first: job(first), last: job(last) }))).toBe(false);
  });

  test('knows its last, shorter message', () => {
    const short = tick({ count: 95, claimed: 95 });
    expect(ownsMessage(short, message({ first: job(91), last: job(95) }))).toBe(true);
    expect(ownsMessage(short, message({ first: job(91), last: job(100) }))).toBe(false);
  });

  test('accepts a retry of some of its jobs by the message that they came in', () => {
    expect(ownsMessage(tick({ claimed: 100 }), message({ retry: { round: 1, jobs: [job(3)] } }))).toBe(true);
  });
});

describe('jobsPerMessageOf', () => {
  test.each([
    [1, 1],
    [99, 1],
    [250, 2],
    [1_000, 10],
    [4_999, 49],
    [5_000, 50],
    [1_000_000, 50],
  ])('has a tick of %d jobs share %d to a message', (jobs, shared) => {
    expect(jobsPerMessageOf(jobs, { jobsPerMessage: 50, minMessages: 100 })).toBe(shared);
    // So that there is work for a hundred, where there is as much.
    expect(Math.ceil(jobs / shared)).toBeGreaterThanOrEqual(Math.min(jobs, 100));
  });
});
