import { expect, test } from 'vitest';
import type { CostRow } from '../../../bench/cost/benchmark.ts';
import { cheaperBy, section } from '../../../bench/cost/section.ts';
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

test('what failures cost stands beside what they did, and apart from the rest', () => {
  const counters = { unitsABatch: 2, partitions: 16, batchesASecond: 8_000 };
  const usual = { ...row('drumline', 45_400, true), counters };
  const { tables } = section([usual, { ...row('drumline', 525_400, true), counters, scenario: 'failed' }]);
  expect(tables[0]?.rows).toHaveLength(1);
  expect(tables[2]?.rows).toEqual([
    ['processed', 'before', '45,400', '800', '6,000', '0.0334', '2', '1', '500'],
    ['processed', 'after', '45,400', '0', '0', '0.0284', '2', '16', '8,000'],
    ['failed', 'before', '2,525,400', '800', '106,000', '1.6209', '1,022', '1', '0.98'],
    ['failed', 'after', '525,400', '0', '0', '0.3284', '2', '16', '8,000'],
  ]);
});

test('without the peer there is nothing to compare with', () => {
  const { tables, remarks } = section([row('drumline', 200_000, true)]);
  expect(tables[1]?.rows[0]?.[4]).toBe('');
  expect(remarks).toBe('');
});
