import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JobId } from '../../../functions/core/ids.ts';
import type { Message } from '../../../functions/core/message.ts';
import {
  doomedJobs,
  giveUp,
  type MessageRecord,
  type Outcome,
  openJobs,
  type Settlement,
  settle,
  untouched,
} from '../../../functions/core/settlement.ts';
import { job, jobs, message, NOW } from './samples.ts';

/** Jobs 1–5 of one message. */
const FIVE = message({ last: job(5) });
const ALL = jobs(1, 2, 3, 4, 5);

function retried(id: string, ...numbers: number[]): Message {
  return { ...FIVE, retry: { id, jobs: jobs(...numbers) } };
}

function done(...numbers: number[]): Outcome[] {
  return numbers.map((number) => ({ kind: 'done', jobId: job(number) }));
}

function failed(number: number, reason = 'no', permanent = false): Outcome {
  return { kind: 'failed', jobId: job(number), reason, permanent };
}

/** The record after settling, which must have changed something. */
function settled(asked: Message, before: MessageRecord, outcomes: Outcome[], now = NOW): Settlement {
  const settlement = settle(asked, before, outcomes, now);
  if (!settlement) throw new Error('nothing was settled');
  return settlement;
}

function givenUp(before: MessageRecord, ...numbers: number[]): Settlement {
  const settlement = giveUp(before, jobs(...numbers));
  if (!settlement) throw new Error('nothing was given up');
  return settlement;
}

describe('untouched', () => {
  test('has every job of the message pending', () => {
    expect(untouched(FIVE)).toEqual({ version: 0, pending: ALL, failed: [], attempts: {} });
  });

  test('has every job of the whole message pending when only some are retried', () => {
    expect(untouched(retried('a', 3)).pending).toEqual(ALL);
  });
});

describe('settle', () => {
  test('counts what was done, once, and changes nothing when it comes again', () => {
    const first = settled(FIVE, untouched(FIVE), done(1, 2));
    expect(first).toEqual({
      record: { version: 1, pending: [3, 4, 5], failed: [], attempts: {} },
      processed: 2,
      failed: 0,
      recovered: [],
      givenUp: [],
    });
    expect(settle(FIVE, first.record, done(1, 2), NOW)).toBeUndefined();
    expect(settled(FIVE, first.record, done(1, 2, 3)).processed).toBe(1);
  });

  test('changes nothing when there is nothing to say of the message’s jobs', () => {
    expect(settle(FIVE, untouched(FIVE), [], NOW)).toBeUndefined();
    expect(settle(FIVE, untouched(FIVE), [...done(6, 7), failed(8)], NOW)).toBeUndefined();
  });

  test('leaves the record it was made from as it was', () => {
    const before = settled(FIVE, untouched(FIVE), [failed(1), failed(2)]).record;
    const copy = structuredClone(before);
    settle(FIVE, before, [...done(1), failed(2), failed(3)], NOW);
    giveUp(before, jobs(2));
    expect(before).toEqual(copy);
  });

  test('notes failed attempts without counting the job', () => {
    const first = settled(FIVE, untouched(FIVE), [failed(2, 'first')], NOW);
    const second = settled(FIVE, first.record, [failed(2, 'second', true)], NOW + 1_000);
    expect([first, second]).toMatchObject([
      { processed: 0, failed: 0 },
      { processed: 0, failed: 0 },
    ]);
    expect(second.record).toEqual({
      version: 2,
      pending: ALL,
      failed: [],
      attempts: { 2: { count: 2, firstAt: NOW, lastAt: NOW + 1_000, reason: 'second', permanent: true } },
    });
  });

  test('forgets the attempts of a job that is done in the end', () => {
    const before = settled(FIVE, untouched(FIVE), [failed(1), failed(2)]).record;
    expect(Object.keys(settled(FIVE, before, done(1)).record.attempts)).toEqual(['2']);
  });

  test('moves a job from failed to processed when its dead letter works', () => {
    const before = givenUp(settled(FIVE, untouched(FIVE), [failed(1), ...done(2, 3, 4, 5)]).record, 1).record;
    const retry = settled(retried('a', 1), before, done(1));
    expect(retry).toMatchObject({ processed: 1, failed: -1, recovered: [1] });
    expect(retry.record).toEqual({ version: 3, pending: [], failed: [], attempts: {} });
    expect(settle(retried('b', 1), retry.record, done(1), NOW)).toBeUndefined();
  });

  test('recovers a job that another delivery has given up on, when this one has its document', () => {
    const before = givenUp(untouched(FIVE), 1).record;
    expect(settled(FIVE, before, done(1))).toMatchObject({ processed: 1, failed: -1, recovered: [1] });
  });

  test('does not note an attempt at a job that is counted already', () => {
    const before = settled(FIVE, givenUp(untouched(FIVE), 1).record, done(2)).record;
    expect(settle(FIVE, before, [failed(1), failed(2)], NOW)).toBeUndefined();
  });

  test('touches only the jobs that a retry asks for', () => {
    const before = givenUp(untouched(FIVE), 1, 2).record;
    expect(settle(retried('a', 1), before, [failed(2), failed(3), ...done(3)], NOW)).toBeUndefined();
  });

  test('gives a job its attempts anew with each sending of dead letters, and keeps when it first failed', () => {
    let record = settled(FIVE, untouched(FIVE), [failed(1, 'a')], NOW).record;
    record = settled(FIVE, record, [failed(1, 'b')], NOW + 1).record;
    record = givenUp(record, 1).record;
    record = settled(retried('one', 1), record, [failed(1, 'c')], NOW + 2).record;
    expect(record.attempts[1]).toEqual({
      ...{ count: 1, firstAt: NOW, lastAt: NOW + 2, reason: 'c', retry: 'one' },
    });
    record = settled(retried('one', 1), record, [failed(1, 'd')], NOW + 3).record;
    expect(record.attempts[1]).toMatchObject({ count: 2, retry: 'one' });
    record = settled(retried('two', 1), record, [failed(1, 'e')], NOW + 4).record;
    expect(record.attempts[1]).toMatchObject({ count: 1, firstAt: NOW, retry: 'two' });
  });

  test('lets a permanent failure be forgiven by a retry', () => {
    let record = settled(FIVE, untouched(FIVE), [failed(1, 'never', true)]).record;
    record = givenUp(record, 1).record;
    record = settled(retried('a', 1), record, [failed(1, 'not now')]).record;
    expect(record.attempts[1]?.permanent).toBeUndefined();
    expect(doomedJobs(retried('a', 1), record, 5)).toEqual([]);
  });
});

describe('giveUp', () => {
  test('counts jobs as failed, once, and changes nothing when it comes again', () => {
    const before = settled(FIVE, untouched(FIVE), done(5)).record;
    const first = givenUp(before, 1, 3);
    expect(first).toMatchObject({ processed: 0, failed: 2, givenUp: [1, 3], recovered: [] });
    expect(first.record).toMatchObject({ version: 2, pending: [2, 4], failed: [1, 3] });
    expect(giveUp(first.record, jobs(1, 3))).toBeUndefined();
  });

  test('never fails a job that is processed, nor one of another message', () => {
    const before = settled(FIVE, untouched(FIVE), done(1)).record;
    expect(giveUp(before, jobs(1, 6))).toBeUndefined();
  });

  test('keeps why the job was given up on', () => {
    const before = settled(FIVE, untouched(FIVE), [failed(1, 'why')]).record;
    expect(givenUp(before, 1).record.attempts[1]?.reason).toBe('why');
  });
});

describe('openJobs', () => {
  test('has a redelivery do only what is not counted yet', () => {
    const record = givenUp(settled(FIVE, untouched(FIVE), done(1, 2)).record, 3).record;
    expect(openJobs(FIVE, record)).toEqual([4, 5]);
  });

  test('has a retry do the jobs it asks for, failed or pending, but none that is processed', () => {
    const record = givenUp(settled(FIVE, untouched(FIVE), done(1, 2)).record, 3).record;
    expect(openJobs(retried('a', 1, 3, 4), record)).toEqual([3, 4]);
  });
});

describe('doomedJobs', () => {
  test('dooms a job on its last attempt and not before', () => {
    let record = untouched(FIVE);
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(doomedJobs(FIVE, record, 3)).toEqual([]);
      record = settled(FIVE, record, [failed(2, `attempt ${attempt}`)], NOW + attempt).record;
    }
    expect(doomedJobs(FIVE, record, 3)).toEqual([
      { jobId: 2, attempts: { count: 3, firstAt: NOW + 1, lastAt: NOW + 3, reason: 'attempt 3' } },
    ]);
    // maxAttempts may be lowered by a deployment meanwhile.
    expect(doomedJobs(FIVE, record, 1)).toHaveLength(1);
    expect(doomedJobs(FIVE, record, 4)).toEqual([]);
  });

  test('dooms a job at once that says trying again is useless', () => {
    const { record } = settled(FIVE, untouched(FIVE), [failed(2, 'never', true), failed(3)]);
    expect(doomedJobs(FIVE, record, 1_000).map(({ jobId }) => jobId)).toEqual([2]);
  });

  test('does not doom a job that is counted already', () => {
    const before = settled(FIVE, untouched(FIVE), [failed(1), failed(2)]).record;
    const record = givenUp(before, 1).record;
    expect(doomedJobs(FIVE, record, 1).map(({ jobId }) => jobId)).toEqual([2]);
  });

  test('counts the attempts of each sending of dead letters for themselves', () => {
    let record = settled(FIVE, untouched(FIVE), [failed(1)]).record;
    record = givenUp(record, 1).record;
    // What was tried before does not count against the retry.
    expect(doomedJobs(retried('a', 1), record, 1)).toEqual([]);
    record = settled(retried('a', 1), record, [failed(1)]).record;
    expect(doomedJobs(retried('a', 1), record, 1)).toHaveLength(1);
    expect(doomedJobs(retried('b', 1), record, 1)).toEqual([]);
  });
});

/** Something that a worker may do to a message's record, with any of the deliveries that there may be. */
type Step = { asked: Message; outcomes: Outcome[] } | { giveUp: JobId[] };

const someJobs = fc.uniqueArray(fc.integer({ min: 1, max: 6 }).map(job), { minLength: 1, maxLength: 6 });
const asked: fc.Arbitrary<Message> = fc.oneof(
  fc.constant(FIVE),
  fc
    .record({
      id: fc.constantFrom('one', 'two'),
      jobs: fc.uniqueArray(fc.constantFrom(...ALL), { minLength: 1 }),
    })
    .map((retry) => ({ ...FIVE, retry })),
);
const outcomes: fc.Arbitrary<Outcome[]> = someJobs.chain((ids) =>
  fc.tuple(
    ...ids.map((jobId) =>
      fc.oneof(
        fc.constant<Outcome>({ kind: 'done', jobId }),
        fc.boolean().map((permanent): Outcome => ({ kind: 'failed', jobId, reason: 'no', permanent })),
      ),
    ),
  ),
);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(fc.record({ asked, outcomes }), fc.record({ giveUp: someJobs })),
  { maxLength: 25 },
);

describe('any sequence of settling, giving up and retrying', () => {
  test('counts no job twice, loses none, and never takes back what is processed', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        let record = untouched(FIVE);
        const counted = { processed: 0, failed: 0 };
        const processed = new Set<JobId>();
        for (const step of taken) {
          const settlement =
            'giveUp' in step ? giveUp(record, step.giveUp) : settle(step.asked, record, step.outcomes, NOW);
          if (!settlement) continue;
          expect(settlement.record.version).toBe(record.version + 1);
          expect(settlement.processed).toBeGreaterThanOrEqual(0);
          expect(settlement.failed).toBe(settlement.givenUp.length - settlement.recovered.length);
          expect(record.failed).toEqual(expect.arrayContaining(settlement.recovered));
          record = settlement.record;
          counted.processed += settlement.processed;
          counted.failed += settlement.failed;

          const left = [...record.pending, ...record.failed];
          expect(new Set(left).size).toBe(left.length);
          expect(ALL).toEqual(expect.arrayContaining(left));
          // The counters say what the record says: each job once.
          expect(counted).toEqual({ processed: ALL.length - left.length, failed: record.failed.length });
          for (const jobId of ALL.filter((each) => !left.includes(each))) processed.add(jobId);
          expect(left.filter((jobId) => processed.has(jobId))).toEqual([]);
          expect(left.map(String)).toEqual(expect.arrayContaining(Object.keys(record.attempts)));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('comes to the same whichever of two deliveries is counted first', () => {
    fc.assert(
      fc.property(someJobs, someJobs, (one, other) => {
        const both = [one, other].map((ids) => done(...ids));
        const counts = [both, both.toReversed()].map((order) => {
          let record = untouched(FIVE);
          let processed = 0;
          for (const each of order) {
            const settlement = settle(FIVE, record, each, NOW);
            record = settlement?.record ?? record;
            processed += settlement?.processed ?? 0;
          }
          return { processed, pending: record.pending };
        });
        expect(counts[0]).toEqual(counts[1]);
      }),
    );
  });
});
