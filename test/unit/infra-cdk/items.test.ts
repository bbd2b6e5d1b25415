import { expect, test } from 'vitest';
import { KEPT_DAYS } from '../../../functions/core/model/pass.ts';
import { keptProblems } from '../../../infra-cdk/constructs/items.ts';
import { LEDGER_TTL_DAYS } from '../../../infra-cdk/settings/retention.ts';

test('items are kept for longer than any message that needs them, or the deployment is refused', () => {
  expect(keptProblems(LEDGER_TTL_DAYS, KEPT_DAYS)).toEqual([]);
  expect(keptProblems(LEDGER_TTL_DAYS + 1, KEPT_DAYS)).toEqual([
    expect.stringContaining('raise KEPT_DAYS.once in functions/core/model/pass.ts'),
    expect.stringContaining('raise KEPT_DAYS.shared'),
  ]);
});
