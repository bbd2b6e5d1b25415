import { count } from '../../cli/figures.ts';
import { PRICED, queueAndLedger, totalOf } from '../../cli/plan/prices.ts';
import type { Section } from '../benchmark.ts';
import type { CostRow } from './benchmark.ts';

/** What people see of it. */
export function section(rows: readonly CostRow[]): Section {
  return {
    tables: [countsTable(rows), dollarsTable(rows)],
    charts: [chart(rows)],
    remarks: remarks(rows),
  };
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

/** How much cheaper its queue and ledger are, as a factor. */
export function cheaperBy(row: CostRow, peer: CostRow): number {
  return queueAndLedger(peer.dollars) / queueAndLedger(row.dollars);
}

function remarks(rows: readonly CostRow[]): string {
  const peer = rows.find(({ system }) => system === 'powertools');
  const ours = rows.find(({ settings }) => settings.isDefault);
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
