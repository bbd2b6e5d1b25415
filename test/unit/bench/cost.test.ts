import { expect, test } from 'vitest';
import { type CostRow, cheaperBy, cost } from '../../../bench/benchmarks/cost.ts';
import { dollarsOf, usageOf } from '../../../plan/prices.ts';

function row(system: CostRow['system'], ledgerWriteUnits: number, isDefault = false): CostRow {
  const perMillion = usageOf({ ledgerWriteUnits, lambdaInvocations: 1_000_000 });
  return {
    benchmark: 'cost',
    system,
    scenario: 'processed',
    workMs: 0,
    settings: { jobsPerMessage: 10, batchSize: 10, jobs: 1_000, isDefault },
    perMillion,
    bytesPerMillion: { messages: 1e6, results: 2e6, put: 0, got: 0 },
    resultsRequestsPerMillion: 10_000,
    dollars: dollarsOf(perMillion),
  };
}

const tablesOf = (rows: CostRow[]) => cost.section(rows).filter((part) => typeof part !== 'string');

test('queue and ledger are compared with those of the peer', () => {
  const [ours, theirs] = [row('drumline', 200_000, true), row('powertools', 3_000_000)];
  expect(cheaperBy(ours, theirs)).toBeCloseTo(15, 10);
  expect(cost.section([ours, theirs])[0]).toContain('15.0 times as much');
  const [dollars] = tablesOf([ours, theirs]);
  expect(dollars?.rows[0]).toEqual([
    '10 per message (default)',
    ...['0.0000', '0.1250', '0.1250', '15.0×', '0.2000', '0.0000', '0.0000', '0.3250'],
  ]);
  expect(dollars?.rows[1]?.[4]).toBe('');
});

test('failing jobs have their own table', () => {
  const rows = [
    row('drumline', 45_400, true),
    { ...row('drumline', 525_400, true), scenario: 'failed' as const },
  ];
  const [dollars, , failing] = tablesOf(rows);
  expect(dollars?.rows).toHaveLength(1);
  expect(failing?.rows).toEqual([['failed', '525,400', '0', '0', '0.3284']]);
});

test('without the peer there is no comparison', () => {
  const rows = [row('drumline', 200_000, true)];
  expect(tablesOf(rows)[0]?.rows[0]?.[4]).toBe('');
  expect(cost.section(rows)).toHaveLength(3);
});
