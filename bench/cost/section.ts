import { PRICED, queueAndLedger, totalOf } from '../../plan/prices.ts';
import { count } from '../../text/format.ts';
import type { Section } from '../benchmark.ts';
import { BEFORE } from './before.ts';
import type { CostRow, Counters } from './benchmark.ts';
import type { Scenario } from './drumline.ts';

/** What people see of it. */
export function section(rows: readonly CostRow[]): Section {
  const processed = rows.filter(({ scenario }) => scenario === 'processed');
  const scenarios = rows.filter((row) => row.counters && row.settings.isDefault);
  return {
    tables: [
      countsTable(processed),
      dollarsTable(processed),
      ...(scenarios.length > 0 ? [redesignTable(scenarios)] : []),
    ],
    charts: [chart(processed)],
    remarks: [remarks(rows), scenarios.length > 0 ? redesignRemarks() : ''].filter(Boolean).join('\n\n'),
  };
}

/** Our row with the default packing, of jobs that all work. */
export function usualRow(rows: readonly CostRow[]): CostRow | undefined {
  return rows.find(({ settings, scenario }) => settings.isDefault && scenario === 'processed');
}

function countsTable(rows: readonly CostRow[]) {
  return {
    title: 'What a million jobs take',
    heads: [
      '',
      ...['SQS sends', 'receives', 'deletes', 'write units', 'read units', 'invocations', 'GB-s'],
      ...['message MB', 'results MB', 'requests to Elasticsearch'],
    ],
    aligns: ['left' as const, ...Array.from({ length: 10 }, () => 'right' as const)],
    rows: rows.map((row) => {
      const { perMillion: used, bytesPerMillion: bytes } = row;
      return [
        nameOf(row),
        ...[
          used.sqsSends,
          used.sqsReceives,
          used.sqsDeletes,
          used.ledgerWriteUnits,
          used.ledgerReadUnits,
        ].map(count),
        count(used.lambdaInvocations),
        count(used.lambdaGbSeconds),
        ...[bytes.messages / 1e6, bytes.results / 1e6].map(count),
        count(row.resultsRequestsPerMillion),
      ];
    }),
  };
}

function dollarsTable(rows: readonly CostRow[]) {
  const peer = rows.find(({ system }) => system === 'powertools');
  return {
    title: `What it costs, in dollars (${PRICED.region}, prices of ${PRICED.on}, no free tiers)`,
    heads: ['', 'SQS', 'DynamoDB', 'queue and ledger', 'cheaper by', 'Lambda', 'logs', 'rule', 'together'],
    aligns: ['left' as const, ...Array.from({ length: 8 }, () => 'right' as const)],
    rows: rows.map((row) => {
      const { dollars } = row;
      return [
        nameOf(row),
        ...[dollars.SQS, dollars.DynamoDB, queueAndLedger(dollars)].map(money),
        peer && row !== peer ? `${cheaperBy(row, peer).toFixed(1)}×` : '',
        ...[dollars.Lambda, dollars['CloudWatch Logs'], dollars.EventBridge, totalOf(dollars)].map(money),
      ];
    }),
  };
}

function chart(rows: readonly CostRow[]) {
  const part = (of: (row: CostRow) => number) => rows.map(of);
  return {
    name: 'cost',
    title: 'Dollars a million jobs',
    kind: 'bars' as const,
    x: { title: 'jobs a message', values: rows.map(nameOf) },
    y: { title: 'dollars', logarithmic: true },
    series: [
      { name: 'queue and ledger', values: part(({ dollars }) => queueAndLedger(dollars)) },
      { name: 'Lambda and logs', values: part(({ dollars }) => totalOf(dollars) - queueAndLedger(dollars)) },
    ],
  };
}

/** What jobs cost, by what becomes of them, before the core was redesigned and now. */
function redesignTable(rows: readonly CostRow[]) {
  return {
    title: 'Before and after the redesign of the core: a million jobs, with the default packing',
    heads: [
      'jobs',
      '',
      ...['write units', 'read units', 'SQS requests', 'queue and ledger, dollars'],
      ...['write units a batch on shared keys', 'shared keys', 'batches/s until they are full'],
    ],
    aligns: ['left' as const, 'left' as const, ...Array.from({ length: 7 }, () => 'right' as const)],
    rows: rows.flatMap((row) => {
      const before = BEFORE.rows.find(({ scenario }) => scenario === row.scenario);
      return [...(before ? [redesignRow('before', before)] : []), redesignRow('after', summaryOf(row))];
    }),
  };
}

/** A row of `redesignTable`. */
export interface Summary extends Counters {
  scenario: Scenario;
  writeUnits: number;
  readUnits: number;
  sqsRequests: number;
  dollars: number;
}

function summaryOf({ scenario, perMillion: used, dollars, counters }: CostRow): Summary {
  return {
    scenario,
    writeUnits: used.ledgerWriteUnits,
    readUnits: used.ledgerReadUnits,
    sqsRequests: used.sqsSends + used.sqsReceives + used.sqsDeletes + used.sqsReturns + used.sqsIdleReceives,
    dollars: queueAndLedger(dollars),
    ...(counters as Counters),
  };
}

function redesignRow(when: string, summary: Summary): string[] {
  const { scenario, writeUnits, readUnits, sqsRequests, dollars } = summary;
  const { unitsABatch, partitions, batchesASecond } = summary;
  return [
    ...[scenario, when],
    ...[writeUnits, readUnits, sqsRequests].map(count),
    money(dollars),
    ...[unitsABatch, partitions].map(count),
    batchesASecond < 10 ? batchesASecond.toFixed(2) : count(batchesASecond),
  ];
}

function redesignRemarks(): string {
  const { commit, date, redesign } = BEFORE;
  return (
    `*Before* is commit ${commit}, counted on ${date} on the same machine, with this benchmark ported to it; *after* is of the date below; the redesign works from commit ${redesign} on. ` +
    'All but messages’ records, which have a key each, is what batches write to the same keys: before, the run’s own, with an item for each failed ' +
    'job; after, the counters’, with many workers. They are full at 1,000 write units a second for each partition, of workers that are spread over them evenly. ' +
    'What failures cost goes by the length of their reasons, here 21 letters (*failed once*) and 44 (*failed*).'
  );
}

/** How much cheaper its queue and ledger are, as a factor. */
export function cheaperBy(row: CostRow, peer: CostRow): number {
  return queueAndLedger(peer.dollars) / queueAndLedger(row.dollars);
}

function remarks(rows: readonly CostRow[]): string {
  const peer = rows.find(({ system }) => system === 'powertools');
  const ours = usualRow(rows);
  if (!peer || !ours) return '';
  return (
    `With the default of ${ours.settings.jobsPerMessage} jobs a message, queue and ledger cost ${money(queueAndLedger(ours.dollars))} dollars a million jobs, ` +
    `and ${money(queueAndLedger(peer.dollars))} the Powertools way: ${cheaperBy(ours, peer).toFixed(1)} times as much.`
  );
}

function nameOf({ system, settings }: CostRow): string {
  if (system === 'powertools') return 'Powertools';
  return `${settings.jobsPerMessage} a message${settings.isDefault ? ', the default' : ''}`;
}

const money = (dollars: number) => dollars.toFixed(4);
