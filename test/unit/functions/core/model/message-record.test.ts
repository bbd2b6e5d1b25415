import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JobId } from '../../../../../functions/core/model/ids.ts';
import {
  acquireLease,
  applyOutcomes,
  counterDelta,
  deadLetterState,
  endLease,
  exhaustedJobs,
  isLeased,
  MAX_DEATHS,
  type MessageRecord,
  mayBeDeadLetter,
  newRecord,
  nextRound,
  type Outcome,
  openJobs,
  type RequestedJobs,
  recordDeath,
} from '../../../../../functions/core/model/message-record.ts';
import { job, jobs, messageFrom, NOW } from '../../../../fixtures/ledger.ts';

/** Jobs 1–5 of one message. */
const FIVE = messageFrom(1, 5);
const ALL = jobs(1, 2, 3, 4, 5);
const NEW = newRecord(FIVE);
const ALL_JOBS: RequestedJobs = { all: true, rounds: new Map() };

function retry(round: number, ...numbers: number[]): RequestedJobs {
  return { all: false, rounds: new Map(jobs(...numbers).map((job) => [job, round])) };
}

function done(...numbers: number[]): Outcome[] {
  return jobs(...numbers).map((jobId) => ({ kind: 'done', jobId }));
}

function failed(number: number, reason = 'no', permanent = false): Outcome {
  return { kind: 'failed', jobId: job(number), reason, permanent };
}

/** The record after these outcomes, one after the other. */
function ran(record: MessageRecord, requested: RequestedJobs, ...outcomes: Outcome[]): MessageRecord {
  return outcomes.reduce(
    (record, outcome, at) => applyOutcomes(record, requested, [outcome], NOW + at),
    record,
  );
}

/** The record after these jobs became dead letters that ask for this round. */
function deadLetteredIn(record: MessageRecord, round: number, ...numbers: number[]): MessageRecord {
  const outcomes = jobs(...numbers).map((jobId) => ({ kind: 'deadLettered', jobId, round }) as const);
  return applyOutcomes(record, ALL_JOBS, outcomes, NOW);
}

/** The record after workers died during a lease on job 1. */
function afterDeaths(times: number, record = NEW, round?: number): MessageRecord {
  return Array.from({ length: times }).reduce((record: MessageRecord) => {
    const lease = { id: 'lost', until: NOW, job: job(1), ...(round && { round }) };
    return recordDeath(acquireLease(record, lease), [], NOW);
  }, record);
}

const exhausted = (record: MessageRecord, requested: RequestedJobs, maxAttempts: number) =>
  exhaustedJobs(record, requested, maxAttempts).map(({ jobId }) => jobId);

test('a new record has all jobs of the message pending', () => {
  expect(NEW).toEqual({ version: 0, pending: ALL, failed: [], attempts: {} });
});

describe('openJobs', () => {
  /** 1 and 2 are processed, 3 has failed and its dead letter asks for round 10, 4 and 5 are pending. */
  const record = deadLetteredIn(ran(NEW, ALL_JOBS, ...done(1, 2), failed(3)), 10, 3);

  test('are the pending jobs of the message, and the jobs of a retry that no dead letter has answered', () => {
    for (const [requested, open] of [
      [ALL_JOBS, [4, 5]],
      [retry(10, 1, 3, 4), [4, 3]],
      [retry(9, 3, 4), [4]],
      [{ ...retry(10, 3, 4), all: true }, [4, 5, 3]],
      [{ ...retry(9, 3, 4), all: true }, [4, 5]],
    ] as const)
      expect(openJobs(record, requested)).toEqual(open);
    // A failed job without a known attempt is open for any retry.
    expect(openJobs({ ...NEW, pending: [], failed: ALL }, retry(1, 2))).toEqual([2]);
  });
});

describe('applyOutcomes', () => {
  test('counts what was done, once', () => {
    const first = applyOutcomes(NEW, ALL_JOBS, done(1, 2), NOW);
    expect(first).toEqual({ ...NEW, pending: [3, 4, 5] });
    expect(counterDelta(NEW, first)).toEqual({ processed: 2, failed: 0 });
    expect(counterDelta(first, applyOutcomes(first, ALL_JOBS, done(1, 2, 3), NOW)).processed).toBe(1);
  });

  test('returns the same record if no outcome changes it', () => {
    const record = ran(deadLetteredIn(NEW, 10, 1), ALL_JOBS, ...done(2));
    for (const outcomes of [[], done(2, 6, 7), [failed(1), failed(2), failed(8)]])
      expect(applyOutcomes(record, ALL_JOBS, outcomes, NOW)).toBe(record);
    expect(applyOutcomes(record, retry(10, 1), [failed(3), failed(4)], NOW)).toBe(record);
  });

  test('records failed attempts, and does not count the job yet', () => {
    const record = ran(NEW, ALL_JOBS, failed(2, 'first'), failed(2, 'second', true));
    expect(record).toEqual({
      ...NEW,
      attempts: { 2: { count: 2, firstAt: NOW, lastAt: NOW + 1, reason: 'second', permanent: true } },
    });
    expect(counterDelta(NEW, record)).toEqual({ processed: 0, failed: 0 });
  });

  test('forgets the attempts of a job that is processed in the end', () => {
    expect(Object.keys(ran(NEW, ALL_JOBS, failed(1), failed(2), ...done(1)).attempts)).toEqual(['2']);
  });

  test('moves a job from failed to processed if its dead letter succeeds, or another delivery wrote its document', () => {
    const before = deadLetteredIn(ran(NEW, ALL_JOBS, failed(1), ...done(2, 3, 4, 5)), 10, 1);
    for (const requested of [retry(10, 1), ALL_JOBS]) {
      const record = applyOutcomes(before, requested, done(1), NOW);
      expect(record).toEqual({ ...NEW, pending: [] });
      expect(counterDelta(before, record)).toEqual({ processed: 1, failed: -1 });
    }
  });

  test('leaves the lease to its holder, who ends it', () => {
    const leased = acquireLease(NEW, { id: 'a', until: NOW });
    expect(ran(leased, ALL_JOBS, failed(1))).toHaveProperty('lease');
    expect(endLease(leased)).toEqual(NEW);
    expect(endLease(NEW)).toBe(NEW);
  });

  test('gives a job new attempts for each later retry, and keeps the time of its first failure', () => {
    let record = ran(NEW, ALL_JOBS, failed(1), failed(1, 'never', true));
    for (const round of [7, 9]) {
      record = deadLetteredIn(record, round, 1);
      expect(exhausted(record, retry(round, 1), 1)).toEqual([]);
      record = applyOutcomes(record, retry(round, 1), [failed(1)], NOW + round);
      expect(record.attempts[1]).toEqual({
        ...{ count: 1, firstAt: NOW, lastAt: NOW + round, reason: 'no', round, letter: round - 1 },
      });
      expect(exhausted(record, retry(round, 1), 1)).toEqual([1]);
    }
  });

  test('counts an older retry’s failure for the newer one', () => {
    const newer = ran(NEW, retry(9, 1), failed(1));
    for (const requested of [retry(7, 1), ALL_JOBS])
      expect(ran(newer, requested, failed(1)).attempts[1]).toMatchObject({ count: 2, round: 9 });
  });

  test('gives retries that alternate a limited number of attempts', () => {
    const requests = [ALL_JOBS, retry(7, 1), retry(9, 1)];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...requests), { minLength: 40, maxLength: 40 }), (turns) => {
        let record = NEW;
        let attempts = 0;
        for (const requested of [...turns, ...turns.map(() => retry(9, 1))]) {
          if (exhausted(record, requested, 3).length > 0) continue;
          record = ran(record, requested, failed(1));
          attempts++;
        }
        expect(attempts).toBeLessThanOrEqual(3 * requests.length);
        for (const requested of requests) expect(exhausted(record, requested, 3)).toEqual([1]);
      }),
    );
  });
});

describe('a lease', () => {
  test('runs until its end, unless its holder has survived it', () => {
    const record = acquireLease(NEW, { id: 'a', until: NOW });
    expect(record).toEqual({ ...NEW, lease: { id: 'a', until: NOW } });
    expect(counterDelta(NEW, record)).toEqual({ processed: 0, failed: 0 });
    expect(isLeased(record, [], NOW - 1)).toBe(true);
    expect(isLeased(record, ['b'], NOW - 1)).toBe(true);
    expect(isLeased(record, ['b', 'a'], NOW - 1)).toBe(false);
    expect(isLeased(record, [], NOW)).toBe(false);
    expect(isLeased(NEW, [], NOW)).toBe(false);
  });

  test('is not a death while it runs, or if its holder survived it, or if there is none', () => {
    const record = acquireLease(NEW, { id: 'a', until: NOW, job: job(1) });
    expect(recordDeath(record, [], NOW - 1)).toBe(record);
    expect(recordDeath(record, ['b', 'a'], NOW - 1)).toBe(record);
    expect(recordDeath(record, ['b', 'a'], NOW + 1)).toBe(record);
    expect(recordDeath(NEW, [], NOW)).toBe(NEW);
  });

  test('on several jobs blames none of them, and isolates the message', () => {
    const record = recordDeath(acquireLease(NEW, { id: 'a', until: NOW }), [], NOW);
    expect(record).toEqual({ ...NEW, isolated: true });
  });

  test('on one job blames that job, which is given up after MAX_DEATHS, whatever maxAttempts is', () => {
    expect(exhausted(afterDeaths(MAX_DEATHS - 1), ALL_JOBS, 1)).toEqual([]);
    expect(exhaustedJobs(afterDeaths(MAX_DEATHS), ALL_JOBS, 1_000)).toMatchObject([
      { jobId: 1, attempts: { count: 0, deaths: MAX_DEATHS, reason: expect.stringContaining('died of it') } },
    ]);
  });

  test('on a job that was counted meanwhile blames no job', () => {
    const leased = acquireLease(ran(NEW, ALL_JOBS, ...done(1)), { id: 'a', until: NOW, job: job(1) });
    expect(recordDeath(leased, [], NOW)).toMatchObject({ isolated: true, attempts: {} });
  });

  test('counts a death for its own retry, and a later retry starts from zero', () => {
    const record = afterDeaths(MAX_DEATHS, deadLetteredIn(afterDeaths(MAX_DEATHS), 7, 1), 7);
    expect(record.attempts[1]).toMatchObject({ deaths: MAX_DEATHS, round: 7 });
    expect(exhausted(record, retry(7, 1), 1)).toEqual([1]);
    expect(exhausted(record, retry(8, 1), 1)).toEqual([]);
  });
});

describe('exhaustedJobs', () => {
  test('has a job after its last attempt, by the maxAttempts of now', () => {
    const attempts = [failed(2, 'first'), failed(2, 'second'), failed(2, 'third')];
    const record = ran(NEW, ALL_JOBS, ...attempts);
    expect(exhausted(ran(NEW, ALL_JOBS, ...attempts.slice(1)), ALL_JOBS, 3)).toEqual([]);
    expect(exhaustedJobs(record, ALL_JOBS, 3)).toEqual([
      { jobId: 2, attempts: { count: 3, firstAt: NOW, lastAt: NOW + 2, reason: 'third' } },
    ]);
    expect([1, 4].map((maxAttempts) => exhausted(record, ALL_JOBS, maxAttempts))).toEqual([[2], []]);
  });

  test('has a job at once that failed permanently', () => {
    expect(exhausted(ran(NEW, ALL_JOBS, failed(2, 'never', true), failed(3)), ALL_JOBS, 1_000)).toEqual([2]);
  });

  test('has only open jobs', () => {
    const record = deadLetteredIn(ran(NEW, ALL_JOBS, failed(1), failed(2), failed(3)), 10, 1);
    expect(exhausted(record, ALL_JOBS, 1)).toEqual([2, 3]);
    expect(exhausted(record, retry(10, 3), 1)).toEqual([]);
    expect(exhausted(record, retry(0, 3), 1)).toEqual([3]);
  });
});

describe('applyOutcomes with dead letters', () => {
  test('counts jobs as failed, once, and keeps the reason', () => {
    const before = ran(NEW, ALL_JOBS, ...done(5), failed(1, 'why'));
    const record = deadLetteredIn(before, 10, 1, 3);
    expect(record).toMatchObject({ pending: [2, 4], failed: [1, 3] });
    expect(record.attempts[1]).toMatchObject({ reason: 'why', letter: 9 });
    expect(counterDelta(before, record)).toEqual({ processed: 0, failed: 2 });
    expect(deadLetteredIn(record, 10, 1, 3)).toBe(record);
    expect(deadLetteredIn(record, 9, 1)).toBe(record);
  });

  test('changes neither a processed job nor a job of another message', () => {
    const before = ran(NEW, ALL_JOBS, ...done(1));
    expect(deadLetteredIn(before, 10, 1, 6)).toBe(before);
  });

  test('answers a retry whose job failed again: only the newest dead letter’s retry is open then', () => {
    const failedAgain = ran(deadLetteredIn(ran(NEW, ALL_JOBS, failed(1)), 10, 1), retry(10, 1), failed(1));
    expect(openJobs(failedAgain, retry(10, 1))).toEqual([1]);
    const round = nextRound(failedAgain.attempts[1] as never, 0);
    const record = deadLetteredIn(failedAgain, round, 1);
    expect(counterDelta(failedAgain, record)).toEqual({ processed: 0, failed: 0 });
    expect([10, round].map((round) => openJobs(record, retry(round, 1)))).toEqual([[], [1]]);
  });
});

describe('a document among the dead letters', () => {
  const tried = ran(NEW, ALL_JOBS, failed(1));
  const permanent = ran(NEW, ALL_JOBS, failed(1, 'gone', true));
  const dead = deadLetteredIn(permanent, 7, 1);
  const retried = ran(dead, retry(7, 1), failed(1));
  const again = deadLetteredIn(retried, 8, 1);
  const processed = ran(dead, retry(7, 1), ...done(1));

  test.each([
    ['no attempt', NEW, false, 'retrying'],
    ['one failed attempt of two', tried, false, 'retrying'],
    ['its last attempt', ran(tried, ALL_JOBS, failed(1)), true, 'retrying'],
    ['a permanent failure that is not counted yet', permanent, true, 'retrying'],
    ['too many deaths of its worker', afterDeaths(MAX_DEATHS), true, 'retrying'],
    ['its dead letter', dead, true, 'dead'],
    ['a failed attempt of a retry', retried, true, 'retrying'],
    ['the dead letter of a retry', again, true, 'dead'],
    ['an attempt of a retry whose job is pending', ran(NEW, retry(7, 1), failed(1)), true, 'retrying'],
    ['its success', processed, false, 'processed'],
  ] as const)('of a job after %s', (_, record, mayExist, state) => {
    expect([mayBeDeadLetter(record, job(1), 2), deadLetterState(record, job(1))]).toEqual([mayExist, state]);
    // Another job of the message is not affected.
    expect(mayBeDeadLetter(record, job(2), 2)).toBe(false);
  });

  test('of a job that is counted as failed may exist without attempts; without a record it is out of date', () => {
    expect(mayBeDeadLetter({ ...NEW, pending: [], failed: jobs(1) }, job(1), 2)).toBe(true);
    expect(deadLetterState(undefined, job(1))).toBe('processed');
  });
});

test('nextRound is the time, but always later than the retry that it answers, even if clocks differ', () => {
  const attempts = { count: 1, firstAt: 0, lastAt: 0, reason: '' };
  expect(nextRound(attempts, NOW)).toBe(NOW);
  expect(nextRound({ ...attempts, round: NOW }, NOW)).toBe(NOW + 1);
  expect(nextRound({ ...attempts, round: NOW + 7 }, NOW)).toBe(NOW + 8);
});

/**
 * What may happen to a message, in any order: whoever does it is the `by`th of those who can, by a clock that says `at`.
 * A worker sends dead letters and counts them in two steps. Other events may come between them.
 */
interface Step {
  kind: (typeof KINDS)[number];
  by: number;
  at: number;
  outcomes: Outcome[];
}

const outcome: fc.Arbitrary<Outcome> = fc.record({
  kind: fc.constantFrom('done', 'failed', 'failed', 'failed'),
  jobId: fc.integer({ min: 1, max: 6 }).map(job),
  reason: fc.constant('no'),
  permanent: fc.boolean(),
}) as fc.Arbitrary<Outcome>;
const KINDS = [
  'run',
  'lease',
  'die',
  'send dead letters',
  'count dead letters',
  'redrive',
  'retry',
  'deliver twice',
] as const;
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...KINDS),
  by: fc.nat(5),
  at: fc.nat(20),
  // A run has one outcome per job.
  outcomes: fc.uniqueArray(outcome, { maxLength: 4, selector: ({ jobId }) => jobId }),
});

/** A message's record, and all in the queues that asks for its jobs. */
class Life {
  record = NEW;
  counted = { processed: 0, failed: 0 };
  requested: RequestedJobs[] = [ALL_JOBS];
  deadLetters: { job: JobId; round: number }[] = [];
  #uncounted: Outcome[][] = [];
  #leases = 0;

  take({ kind, by, at, outcomes }: Step): void {
    const { record } = this;
    const requested = this.requested[by % Math.max(1, this.requested.length)] ?? ALL_JOBS;
    const deadLetter = this.deadLetters[by % Math.max(1, this.deadLetters.length)];
    if (kind === 'run') this.#become(applyOutcomes(endLease(record), requested, outcomes, at));
    if (kind === 'lease') {
      const only = outcomes[0]?.jobId;
      this.#become(acquireLease(record, { id: `${++this.#leases}`, until: at, ...(only && { job: only }) }));
    }
    if (kind === 'die') this.#become(recordDeath(record, by === 0 ? [`${this.#leases}`] : [], at));
    if (kind === 'send dead letters') {
      const rounds = exhaustedJobs(record, requested, 2).map(
        ({ jobId, attempts }) => [jobId, nextRound(attempts, at)] as const,
      );
      this.deadLetters.push(...rounds.map(([job, round]) => ({ job, round })));
      this.#uncounted.push(rounds.map(([jobId, round]) => ({ kind: 'deadLettered', jobId, round })));
    }
    if (kind === 'count dead letters')
      this.#become(applyOutcomes(record, requested, this.#uncounted.shift() ?? [], at));
    if ((kind === 'redrive' || kind === 'retry') && deadLetter) {
      this.deadLetters = this.deadLetters.filter((one) => one !== deadLetter);
      this.requested.push(
        retry(kind === 'retry' ? Math.max(at, deadLetter.round) : deadLetter.round, deadLetter.job),
      );
    }
    if (kind === 'deliver twice') this.requested.push(requested);
    this.requested = this.requested.filter((requested) => openJobs(this.record, requested).length > 0);
  }

  #become(next: MessageRecord): void {
    const before = structuredClone(this.record);
    const gain = counterDelta(this.record, next);
    if (isDeepStrictEqual(next, this.record)) expect(next).toBe(this.record);
    expect(gain.processed).toBeGreaterThanOrEqual(0);
    expect(this.record).toEqual(before);
    this.counted.processed += gain.processed;
    this.counted.failed += gain.failed;
    this.record = next;
  }
}

describe('whatever happens to a message, in any order', () => {
  const lives = (check: (life: Life, before: MessageRecord) => void) =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const life = new Life();
        for (const step of steps) {
          const before = life.record;
          life.take(step);
          check(life, before);
        }
      }),
      { numRuns: 2_000 },
    );

  test('the counters agree with the record: no job is counted twice, lost or taken back', () => {
    lives(({ record: { pending, failed, attempts }, counted }, before) => {
      const left = [...pending, ...failed];
      expect(new Set(left).size).toBe(left.length);
      expect([...before.pending, ...before.failed]).toEqual(expect.arrayContaining(left));
      expect(counted).toEqual({ processed: ALL.length - left.length, failed: failed.length });
      expect(left.map(String)).toEqual(expect.arrayContaining(Object.keys(attempts)));
    });
  });

  test('a job that is not processed has a message or a dead letter that asks for it', () => {
    lives(({ record, requested, deadLetters }) => {
      const requests = [...requested, ...deadLetters.map(({ job, round }) => retry(round, job))];
      const open = new Set(requests.flatMap((requested) => openJobs(record, requested)));
      expect([...open].sort()).toEqual([...record.pending, ...record.failed].sort());
    });
  });

  test('the result is the same whichever of two deliveries is counted first', () => {
    fc.assert(
      fc.property(fc.subarray(ALL), fc.subarray(ALL), (one, other) => {
        const [first, second] = [one, other].map((ids) => done(...ids)) as [Outcome[], Outcome[]];
        expect(ran(NEW, ALL_JOBS, ...first, ...second)).toEqual(ran(NEW, ALL_JOBS, ...second, ...first));
      }),
    );
  });
});
