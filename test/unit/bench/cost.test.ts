import { expect, test } from 'vitest';
import { type CostRow, cheaperBy, cost } from '../../../bench/benchmarks/cost.ts';
import { type Alternative, alternativeDollars } from '../../../bench/benchmarks/step-functions.ts';
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
    '10 per message',
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

test('lists have tables of their own, beside what is calculated', () => {
  const list = { ...row('drumline', 50_000, true), dollars: dollarsOf(usageOf({ s3Puts: 2_000 })) };
  const rows = [
    row('drumline', 45_400, true),
    { ...list, settings: { ...list.settings, list: { itemBytes: 200, ticks: 1 } } },
  ];
  const [dollars, , , lists] = tablesOf(rows);
  expect(dollars?.rows).toHaveLength(1);
  expect(lists?.rows[0]).toEqual([
    'drumline, one pass per tick',
    '0.0000',
    '0.0100',
    '0.0000',
    '0.0000',
    '0.0000',
    '0.0100',
  ]);
  const calculated = lists?.rows.slice(1) ?? [];
  expect(calculated).toHaveLength(6);
  for (const [name] of calculated) expect(name).toMatch(/^calculated: /);
});

test('a child of a Distributed Map costs a transition, and its own', () => {
  const work = { items: 1_000_000, workMs: 0, memoryMb: 512 };
  const dollars = (via: Alternative['via']) => alternativeDollars({ via, itemsPerBatch: 50 }, work);
  // 20,000 children, each with its start and its one state, at 25 dollars per million transitions.
  expect(dollars('Standard').stepFunctions).toBeCloseTo(1, 10);
  // Their starts, their requests at 1 dollar per million, and 100 ms of 64 MB each.
  expect(dollars('Express').stepFunctions).toBeCloseTo(0.5 + 0.02 + 20_000 * 0.1 * 0.0625 * 0.00001667, 10);
  expect(dollars('Lambda alone')).toEqual({ stepFunctions: 0, lambda: dollars('Standard').lambda });
});
