import { expect, test } from 'vitest';
import { concurrencyCheck } from '../../../cli/cloud/checks.ts';

test.each([
  ['a whole quota', { limit: 1_000, unreserved: 1_000, reserved: 0, wanted: 900 }, true],
  ['one worker too many', { limit: 1_000, unreserved: 1_000, reserved: 0, wanted: 901 }, false],
  ['what others have reserved', { limit: 1_000, unreserved: 300, reserved: 0, wanted: 201 }, false],
  ['what the consumer has already', { limit: 1_000, unreserved: 300, reserved: 100, wanted: 300 }, true],
  ['a new account', { limit: 10, unreserved: 10, reserved: 0, wanted: 1 }, false],
])('counts in %s', (_what, of, ok) => {
  expect(concurrencyCheck(of).ok).toBe(ok);
});

test('says how many there is room for, and what to ask AWS for', () => {
  expect(concurrencyCheck({ limit: 1_000, unreserved: 1_000, reserved: 0, wanted: 1_000 })).toEqual({
    name: 'Lambda concurrency',
    ok: false,
    found: '1,000 in the account, 1,000 not reserved; room for 900 of 1,000 workers',
    advice:
      'Set concurrency=900 or less for now, or ask AWS (Service Quotas, Lambda) for at least 1,100 "Concurrent executions".',
  });
  expect(concurrencyCheck({ limit: 10, unreserved: 10, reserved: 0, wanted: 2 }).advice).toMatch(
    /^Do not deploy for now, .* at least 102 /,
  );
});
