import { expect, test } from 'vitest';
import type { CostRow } from '../../../bench/cost/benchmark.ts';
import { cheaperBy, section } from '../../../bench/cost/section.ts';
import { dollarsOf, usageOf } from '../../../cli/plan/prices.ts';

function row(system: CostRow['system'], ledgerWriteUnits: number, isDefault = false): CostRow {
  const perMillion = usageOf({ ledgerWriteUnits, lambdaInvocations: 1_000_000 });
  return {
    benchmark: 'cost',
    system,
    workMs: 0,
    settings: { jobsPerMessage: 10, batchSize: 10, jobs: 1_000, isDefault },
    perMillion,
    bytesPerMillion: { messages: 1e6, results: 2e6 },
    resultsRequestsPerMillion: 10_000,
    dollars: dollarsOf(perMillion),
  };
}

test('queue and ledger are compared, and Lambda stands apart', () => {
  const [ours, theirs] = [row('drumline', 200_000, true), row('powertools', 3_000_000)];
  expect(cheaperBy(ours, theirs)).toBeCloseTo(15, 10);
  const { tables, remarks } = section([ours, theirs]);
  const [, dollars] = tables;
  expect(dollars?.rows[0]).toEqual([
    '10 a message, the default',
    ...['0.0000', '0.1250', '0.1250', '15.0×', '0.2000', '0.0000', '0.0000', '0.3250'],
  ]);
  expect(dollars?.rows[1]?.[4]).toBe('');
  expect(remarks).toContain('With the default of 10 jobs a message');
  expect(remarks).toContain('15.0 times as much');
});

test('without the peer there is nothing to compare with', () => {
  const { tables, remarks } = section([row('drumline', 200_000, true)]);
  expect(tables[1]?.rows[0]?.[4]).toBe('');
  expect(remarks).toBe('');
});
