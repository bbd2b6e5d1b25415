import { expect, test } from 'vitest';
import { reasonsOf } from '../../../../dashboard/page/src/overview/reasons.ts';
import type { FoundDeadLetter } from '../../../../functions/core/jobs/find-dead-letters.ts';

function letter(jobId: number, reason: string, second: number, state: FoundDeadLetter['state'] = 'dead') {
  const at = new Date(second * 1_000).toISOString();
  return { jobId, reason, state, lastFailedAt: at } as FoundDeadLetter;
}

test('reasons that differ in numbers only are one, the most frequent first', () => {
  const found = reasonsOf([
    letter(1, 'no such customer', 9),
    letter(2, 'no answer within 10 s', 2),
    letter(3, 'no answer within 25 s', 4),
    letter(4, 'no answer within 30 s', 3),
  ]);
  expect(found.map(({ reason, jobs, newest }) => [reason, jobs, newest.jobId])).toEqual([
    ['no answer within 25 s', 3, 3],
    ['no such customer', 1, 1],
  ]);
});

test('a job that a retry has processed gives no reason, and of equally frequent reasons the newest comes first', () => {
  const found = reasonsOf([letter(1, 'old', 1), letter(2, 'new', 2), letter(3, 'old', 3, 'processed')]);
  expect(found.map(({ reason }) => reason)).toEqual(['new', 'old']);
});
