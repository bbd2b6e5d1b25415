import { expect, test } from 'vitest';
import { reasonOf } from '../../../functions/core/errors.ts';
import { MAX_JOBS_PER_MESSAGE } from '../../../functions/core/message.ts';
import {
  type Attempts,
  giveUp,
  type Outcome,
  settle,
  untouched,
} from '../../../functions/core/settlement.ts';
import { job, message, NOW } from './samples.ts';

/** The largest item that DynamoDB takes, in bytes (its quota "Item size"). */
const MAX_ITEM = 400 * 1024;

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

/** Nine digits: jobs of a system that has run for years. */
const FIRST = 900_000_001;
const largest = message({ first: job(FIRST), last: job(FIRST + MAX_JOBS_PER_MESSAGE - 1) });

test('a message whose every job failed, with the longest reasons, fits an item of the ledger', () => {
  const reason = reasonOf(new Error('€'.repeat(1_000)));
  const outcomes = untouched(largest).pending.map(
    (jobId): Outcome => ({ kind: 'failed', jobId, reason, permanent: true }),
  );
  const noted = settle(largest, untouched(largest), outcomes, NOW)?.record;
  const record = noted && giveUp(noted, noted.pending)?.record;
  expect(record?.failed).toHaveLength(MAX_JOBS_PER_MESSAGE);
  expect(sizeOf(record)).toBeLessThan(MAX_ITEM - 1_024);
});

test('and so it does after its dead letters were sent again, and again, one sending overtaking another', () => {
  const reason = reasonOf(new Error('ö'.repeat(1_000)));
  let record = untouched(largest);
  for (let sending = 0; sending < 8; sending++) {
    const retry = { id: `after-${NOW + sending}`, jobs: record.pending };
    const sent = { ...largest, ...(sending > 0 && { retry }) };
    const outcomes = record.pending.map(
      (jobId): Outcome => ({ kind: 'failed', jobId, reason, permanent: false }),
    );
    record = settle(sent, record, outcomes, NOW)?.record ?? record;
  }
  const [attempts] = Object.values(record.attempts) as [Attempts];
  expect(attempts.overtaken?.length).toBeGreaterThan(4);
  expect(sizeOf(record)).toBeLessThan(MAX_ITEM - 1_024);
});
