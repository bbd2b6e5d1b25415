import { expect, test } from 'vitest';
import { concurrencyCheck } from '../../../cli/cloud/check-account.ts';

test('a deployment can reserve all but 100 of the unreserved workers, and those of its consumer', () => {
  for (const [limit, unreserved, reserved, wanted, ok] of [
    [1_000, 1_000, 0, 900, true],
    [1_000, 1_000, 0, 901, false],
    // Other functions have reserved 700.
    [1_000, 300, 0, 201, false],
    [1_000, 300, 100, 300, true],
    // A new account.
    [10, 10, 0, 1, false],
  ] as const)
    expect(
      concurrencyCheck({ limit, unreserved, reserved, wanted }),
      `${unreserved} ${wanted}`,
    ).toMatchObject({ ok });
});

test('a failed check says how many workers are possible, and what to ask AWS for', () => {
  expect(concurrencyCheck({ limit: 1_000, unreserved: 1_000, reserved: 0, wanted: 1_000 })).toEqual({
    name: 'Lambda concurrency',
    ok: false,
    found: '1,000 in the account, 1,000 unreserved: enough for 900 of 1,000 workers',
    advice:
      'Set concurrency=900 or less for now, or ask AWS (Service Quotas, Lambda) for at least 1,100 "Concurrent executions".',
  });
  expect(concurrencyCheck({ limit: 10, unreserved: 10, reserved: 0, wanted: 2 }).advice).toMatch(
    /^Do not deploy for now, .* at least 102 /,
  );
});
