import type { Command } from 'commander';
import { effectiveSettings } from '../../cli/cloud/settings.ts';
import { count } from '../../cli/terminal/format.ts';
import { int, intList } from '../../cli/terminal/options.ts';
import { LOG_BYTES, REQUEST_MS } from '../../plan/overheads.ts';
import {
  dollarsOf,
  PRICES_AS_OF,
  queueAndLedger,
  type Service,
  scaleUsage,
  sumUsage,
  totalDollars,
  type Usage,
  usageOf,
} from '../../plan/prices.ts';
import { usageOfFiring, usageOfTick } from '../../plan/tick-usage.ts';
import { type Benchmark, type Row, type Section, type Table, tableOf } from '../harness/benchmark.ts';
import { countDrumline, type Scenario } from './count-drumline.ts';
import { countPowertools } from './count-powertools.ts';
import type { CountedRun, Services } from './metered-pipeline.ts';

interface Options {
  jobs: number;
  jobsPerMessage: number[];
  workMs: number;
}

export interface CostRow extends Row {
  system: 'drumline' | 'powertools';
  scenario: Scenario;
  workMs: number;
  settings: { jobsPerMessage: number; batchSize: number; jobs: number; isDefault: boolean };
  /** What AWS bills for a million jobs. */
  perMillion: Usage;
  /** What AWS does not bill, for a million jobs. */
  bytesPerMillion: { messages: number; results: number };
  resultsRequestsPerMillion: number;
  /** The price of `perMillion`. */
  dollars: Record<Service, number>;
}

const MILLION = 1_000_000;

const PACKINGS = [1, 10, 25, 50, 100];

/** The number of workers only changes how often the tick is read. */
const WORKERS = 2;

/** Requests of one record of the Powertools handler, one after the other: lock, index, count, mark as done. */
const POWERTOOLS_STEPS = { dynamo: 3, bulk: 1 };

export const cost: Benchmark<Options, CostRow> = {
  name: 'cost',
  question: 'What does it cost on AWS?',
  method: `One tick is enqueued and processed in this process by the code that is deployed. A proxy in front of the emulator counts the requests
to SQS as SQS bills them, and the capacity units that DynamoDB returns for each call. The benchmark itself sends the requests of the event source
mapping (receive, delete), with full batches. The Powertools handler (\`bench/peers/powertools-handler.ts\`) has one job
per message and one count per job. The counts are scaled to a million jobs and priced by \`plan/prices.ts\`.

Lambda's time and the bytes of the logs are not counted. They are computed from the plan's measured overheads (\`plan/overheads.ts\`), for both
systems with the same time per request and the same log bytes per invocation. Fixed monthly costs (the rule, polling an empty
queue) are not included: see \`drumline plan\`. Nothing here depends on the speed of the machine.

Failing jobs are counted with the default packing. *failed* jobs fail permanently at their first delivery. *failed once* jobs fail at their first
delivery and are processed at the next. Their cost depends on the length of the failure reasons, here 21 characters
(*failed once*) and 44 (*failed*); their Lambda time is not computed.`,

  register(command: Command) {
    command
      .option('--jobs <n>', 'jobs to count', int(100, 1_000_000), 10_000)
      .option('--jobs-per-message <list>', 'values to count beside the default', intList(1, 500), PACKINGS)
      .option('--work-ms <n>', 'wait of each job in ms; changes Lambda’s time only', int(0, 60_000), 0);
  },

  async run(context) {
    const { options, progress, signal } = context;
    const where = await context.cloud();
    const { jobsPerMessage } = effectiveSettings({});
    const packings = [...new Set([...options.jobsPerMessage, jobsPerMessage])].sort((a, b) => a - b);
    const cases: [number, Scenario][] = [
      ...packings.map((packing): [number, Scenario] => [packing, 'processed']),
      [jobsPerMessage, 'failed'],
      [jobsPerMessage, 'failed once'],
    ];
    const rows: CostRow[] = [];
    for (const [packing, scenario] of cases) {
      signal.throwIfAborted();
      progress(`drumline, ${packing} jobs per message, ${scenario}`);
      rows.push(await drumlineRow(where, options, packing, packing === jobsPerMessage, scenario));
    }
    signal.throwIfAborted();
    progress('powertools, 1 job per message');
    rows.push(await powertoolsRow(where, options));
    return rows;
  },

  section(rows): Section {
    const processed = rows.filter(({ scenario }) => scenario === 'processed');
    const failing = rows.filter(({ scenario }) => scenario !== 'processed');
    return [...summary(rows), dollarsTable(processed), countsTable(processed), failingTable(failing)];
  },
};

function summary(rows: readonly CostRow[]): string[] {
  const peer = rows.find(({ system }) => system === 'powertools');
  const ours = rows.find(({ settings, scenario }) => settings.isDefault && scenario === 'processed');
  if (!peer || !ours) return [];
  return [
    `With the default of ${ours.settings.jobsPerMessage} jobs per message, a million no-op jobs cost ${money(queueAndLedger(ours.dollars))} dollars for queue and ledger, and ${money(totalDollars(ours.dollars))} dollars in total without Elasticsearch. A Powertools handler costs ${money(queueAndLedger(peer.dollars))} dollars for queue and ledger: ${cheaperBy(ours, peer).toFixed(1)} times as much. Lambda’s share grows with the time that the jobs take.`,
  ];
}

/** How many times cheaper a row's queue and ledger are. */
export function cheaperBy(row: CostRow, peer: CostRow): number {
  return queueAndLedger(peer.dollars) / queueAndLedger(row.dollars);
}

function dollarsTable(rows: readonly CostRow[]): Table {
  const peer = rows.find(({ system }) => system === 'powertools');
  const dollars = (service: Service) => (row: CostRow) => money(row.dollars[service]);
  return tableOf(
    rows,
    {
      '': nameOf,
      SQS: dollars('SQS'),
      DynamoDB: dollars('DynamoDB'),
      'queue and ledger': (row) => money(queueAndLedger(row.dollars)),
      'cheaper by': (row) => (peer && row !== peer ? `${cheaperBy(row, peer).toFixed(1)}×` : ''),
      Lambda: dollars('Lambda'),
      logs: dollars('CloudWatch Logs'),
      rule: dollars('EventBridge'),
      total: (row) => money(totalDollars(row.dollars)),
    },
    `Dollars per million jobs (${PRICES_AS_OF.region}, prices of ${PRICES_AS_OF.on}, no free tiers)`,
  );
}

const units = (meter: keyof Usage) => (row: CostRow) => count(row.perMillion[meter]);

function countsTable(rows: readonly CostRow[]): Table {
  return tableOf(
    rows,
    {
      '': nameOf,
      'SQS sends': units('sqsSends'),
      receives: units('sqsReceives'),
      deletes: units('sqsDeletes'),
      'write units': units('ledgerWriteUnits'),
      'read units': units('ledgerReadUnits'),
      invocations: units('lambdaInvocations'),
      'GB-s': units('lambdaGbSeconds'),
      'message MB': ({ bytesPerMillion }) => count(bytesPerMillion.messages / 1e6),
      'results MB': ({ bytesPerMillion }) => count(bytesPerMillion.results / 1e6),
      'requests to Elasticsearch': (row) => count(row.resultsRequestsPerMillion),
    },
    'Requests and units per million jobs',
  );
}

function failingTable(rows: readonly CostRow[]): Table {
  return tableOf(
    rows,
    {
      jobs: ({ scenario }) => scenario,
      'write units': units('ledgerWriteUnits'),
      'read units': units('ledgerReadUnits'),
      'SQS requests': ({ perMillion: used }) =>
        count(used.sqsSends + used.sqsReceives + used.sqsDeletes + used.sqsReturns + used.sqsIdleReceives),
      'queue and ledger, dollars': ({ dollars }) => money(queueAndLedger(dollars)),
    },
    'A million jobs that fail, with the default packing',
  );
}

function nameOf({ system, settings }: CostRow): string {
  if (system === 'powertools') return 'Powertools handler';
  return `${settings.jobsPerMessage} per message${settings.isDefault ? ' (default)' : ''}`;
}

const money = (dollars: number) => dollars.toFixed(4);

async function drumlineRow(
  where: Services,
  { jobs, workMs }: Options,
  jobsPerMessage: number,
  isDefault: boolean,
  scenario: Scenario,
): Promise<CostRow> {
  const settings = { ...effectiveSettings({}), jobsPerMessage, concurrency: WORKERS };
  const { batchSize } = settings;
  const run = { jobs, jobsPerMessage, batchSize, workers: WORKERS, scenario };
  const { counted } = await countDrumline(where, run);
  const planned = sumUsage(usageOfFiring(), usageOfTick(jobs, settings, workMs));
  const { lambdaInvocations, lambdaGbSeconds, logGb, ledgerGbMonths, ruleEvents } = planned;
  const computed = { lambdaInvocations, lambdaGbSeconds, logGb, ledgerGbMonths, ruleEvents };
  return {
    benchmark: 'cost',
    system: 'drumline',
    scenario,
    workMs,
    settings: { jobsPerMessage, batchSize, jobs, isDefault },
    ...priced(jobs, counted, scenario === 'processed' ? computed : {}),
  };
}

async function powertoolsRow(where: Services, { jobs, workMs }: Options): Promise<CostRow> {
  const { consumerMemoryMb } = effectiveSettings({});
  const { counted, batches } = await countPowertools(where, jobs);
  const ms =
    workMs + POWERTOOLS_STEPS.dynamo * REQUEST_MS.dynamo + POWERTOOLS_STEPS.bulk * REQUEST_MS.elasticsearch;
  return {
    benchmark: 'cost',
    system: 'powertools',
    scenario: 'processed',
    workMs,
    settings: { jobsPerMessage: 1, batchSize: 10, jobs, isDefault: false },
    ...priced(jobs, counted, {
      lambdaInvocations: batches.length,
      lambdaGbSeconds: batches.length * (ms / 1_000) * (consumerMemoryMb / 1_024),
      logGb: (batches.length * LOG_BYTES.batch) / 1e9,
    }),
  };
}

function priced(jobs: number, counted: CountedRun['counted'], computed: Partial<Usage>) {
  const { usage, messageBytes, resultsBytes, resultsRequests } = counted;
  const scale = MILLION / jobs;
  const perMillion = scaleUsage(sumUsage(usage, usageOf(computed)), scale);
  return {
    perMillion,
    bytesPerMillion: { messages: messageBytes * scale, results: resultsBytes * scale },
    resultsRequestsPerMillion: resultsRequests * scale,
    dollars: dollarsOf(perMillion),
  };
}
