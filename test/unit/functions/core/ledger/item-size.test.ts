import { expect, test } from 'vitest';
import { reasonFrom } from '../../../../../functions/core/model/errors.ts';
import { jobsInRange, MAX_JOBS_PER_MESSAGE } from '../../../../../functions/core/model/message.ts';
import {
  acquireLease,
  applyOutcomes,
  endLease,
  newRecord,
  type Outcome,
  type RequestedJobs,
  recordDeath,
} from '../../../../../functions/core/model/message-record.ts';
import { job, messageFrom, NOW } from '../../../../fixtures/ledger.ts';

/** The largest item that DynamoDB takes, in bytes (its quota "Item size"). */
const MAX_ITEM = 400 * 1024;

/** An item has its keys and its expiry besides the record. */
const BESIDES = 1_024;

/** An attribute value's bytes as DynamoDB counts them ("DynamoDB item sizes and formats"), numbers at their largest. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return Math.ceil(String(value).length / 2) + 1;
  if (typeof value === 'boolean') return 1;
  if (Array.isArray(value)) return 3 + value.reduce((sum, each) => sum + 1 + sizeOf(each), 0);
  return Object.entries(value as object).reduce(
    (sum, [name, each]) => sum + 1 + Buffer.byteLength(name) + sizeOf(each),
    3,
  );
}

/** The jobIds of a system that has run for years have nine digits. */
const FIRST = 900_000_001;
const largest = messageFrom(FIRST, MAX_JOBS_PER_MESSAGE);
const all = jobsInRange(largest);

test('the largest record fits a DynamoDB item: 500 jobs that fail and kill workers, in several retries', () => {
  const reason = reasonFrom(new Error('€'.repeat(1_000)));
  const outcomes = all.map((jobId): Outcome => ({ kind: 'failed', jobId, reason, permanent: true }));
  let record = newRecord(largest);
  for (let round = 0; round < 4; round++) {
    const requested: RequestedJobs = {
      all: round === 0,
      rounds: new Map(all.map((job) => [job, NOW + round])),
    };
    for (const job of all)
      record = recordDeath(acquireLease(record, { id: 'a', until: NOW, job, round: NOW + round }), [], NOW);
    record = applyOutcomes(endLease(record), requested, outcomes, NOW);
    const deadLetters = all.map(
      (jobId): Outcome => ({ kind: 'deadLettered', jobId, round: NOW + round + 1 }),
    );
    record = applyOutcomes(record, requested, deadLetters, NOW);
    record = acquireLease(record, { id: 'x'.repeat(36), until: NOW, job: job(FIRST), round: NOW });
    expect(record.attempts[FIRST]).toMatchObject({ count: 1, deaths: 1, round: NOW + round, reason });
    expect(sizeOf(record)).toBeLessThan(MAX_ITEM - BESIDES);
  }
  expect(record.failed).toHaveLength(MAX_JOBS_PER_MESSAGE);
});
