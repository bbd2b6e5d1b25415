import type { Command } from 'commander';
import { effectiveSettings } from '../../cli/cloud/settings.ts';
import { count } from '../../cli/terminal/format.ts';
import { int, intList } from '../../cli/terminal/options.ts';
import { KEPT_DAYS } from '../../functions/core/model/pass.ts';
import { LOG_BYTES, REQUEST_MS } from '../../plan/overheads.ts';
import { effectiveJobsPerMessage, sizingOf } from '../../plan/packing.ts';
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
import { countDrumline, type Run, type RunList, type Scenario } from './count-drumline.ts';
import { countPowertools } from './count-powertools.ts';
import type { CountedRun, Services } from './metered-pipeline.ts';
import { ALTERNATIVES, alternativeDollars } from './step-functions.ts';

interface Options {
  jobs: number;
  jobsPerMessage: number[];
  workMs: number;
  items: number;
  itemBytes: number;
}

export interface CostRow extends Row {
  system: 'drumline' | 'powertools';
  scenario: Scenario;
  workMs: number;
  settings: { jobsPerMessage: number; batchSize: number; jobs: number; isDefault: boolean; list?: RunList };
  /** What AWS bills for a million jobs. */
  perMillion: Usage;
  /** What AWS does not bill, for a million jobs. */
  bytesPerMillion: { messages: number; results: number; put: number; got: number };
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

/** Ticks that share a pass. */
const SHARING_TICKS = 2;

/** The reader's memory, in megabytes (infra-cdk/constructs/reader.ts). */
const READER_MB = 512;

const DAYS_PER_MONTH = 730 / 24;

/** What is counted for a row. */
type Shape = Pick<Run, 'jobs' | 'jobsPerMessage' | 'scenario' | 'list'>;

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

Failing jobs are counted with the packing that the heading names. *failed* jobs fail permanently at their first delivery. *failed once* jobs fail at their first
delivery and are processed at the next. Their cost depends on the length of the failure reasons, here 21 characters
(*failed once*) and 44 (*failed*); their Lambda time is not computed.

Lists are counted with the same packing: the scheduler opens a pass, the reader reads it (1,000 items per page), the scheduler enqueues one
tick with all items, or ${SHARING_TICKS} ticks that share the pass, and the workers load the items. For Lambda's time, each request to S3 takes
${REQUEST_MS.s3} ms, one after the other. The items are stored for ${KEPT_DAYS.once} days, those of a shared pass for ${KEPT_DAYS.shared}. The rows of Step
Functions and of Lambda alone are not measured: \`bench/benchmarks/step-functions.ts\` calculates them from AWS's price list.`,

  register(command: Command) {
    command
      .option('--jobs <n>', 'jobs to count', int(100, 1_000_000), 10_000)
      .option('--jobs-per-message <list>', 'values to count beside the default', intList(1, 500), PACKINGS)
      .option('--work-ms <n>', 'wait of each job in ms; changes Lambda’s time only', int(0, 60_000), 0)
      .option('--items <n>', 'items of the list; 0 skips it', int(0, 10_000_000), 1_000_000)
      .option('--item-bytes <n>', 'bytes of an item as JSON', int(20, 200_000), 200);
  },

  async run(context) {
    const { options, progress, signal } = context;
    const where = await context.cloud();
    // What the default, auto, becomes for jobs whose duration was measured.
    const sizing = sizingOf(effectiveSettings({}));
    const jobsPerMessage = effectiveJobsPerMessage(options.jobs, sizing, options.workMs);
    const packings = [...new Set([...options.jobsPerMessage, jobsPerMessage])].sort((a, b) => a - b);
    const { jobs, items, itemBytes } = options;
    const shapes: Shape[] = [
      ...packings.map((packing) => ({ jobs, jobsPerMessage: packing })),
      { jobs, jobsPerMessage, scenario: 'failed' },
      { jobs, jobsPerMessage, scenario: 'failed once' },
      ...(items > 0 ? [1, SHARING_TICKS] : []).map((ticks) => ({
        jobs: items,
        jobsPerMessage,
        list: { itemBytes, ticks },
      })),
    ];
    const rows: CostRow[] = [];
    for (const shape of shapes) {
      signal.throwIfAborted();
      progress(`drumline, ${JSON.stringify(shape)}`);
      rows.push(await drumlineRow(where, options, shape, shape.jobsPerMessage === jobsPerMessage));
    }
    signal.throwIfAborted();
    progress('powertools, 1 job per message');
    rows.push(await powertoolsRow(where, options));
    return rows;
  },

  section(rows): Section {
    const numbered = rows.filter(({ settings }) => !settings.list);
    const processed = numbered.filter(({ scenario }) => scenario === 'processed');
    const failing = numbered.filter(({ scenario }) => scenario !== 'processed');
    const lists = rows.filter(({ settings }) => settings.list);
    return [
      ...summary(rows),
      dollarsTable(processed),
      countsTable(processed),
      failingTable(failing),
      ...(lists.length > 0 ? listTables(lists) : []),
    ];
  },
};

function summary(rows: readonly CostRow[]): string[] {
  const peer = rows.find(({ system }) => system === 'powertools');
  const ours = rows.find(
    ({ settings, scenario }) => settings.isDefault && !settings.list && scenario === 'processed',
  );
  if (!peer || !ours) return [];
  return [
    `With ${ours.settings.jobsPerMessage} jobs per message, a million no-op jobs cost ${money(queueAndLedger(ours.dollars))} dollars for queue and ledger, and ${money(totalDollars(ours.dollars))} dollars in total without Elasticsearch. A Powertools handler costs ${money(queueAndLedger(peer.dollars))} dollars for queue and ledger: ${cheaperBy(ours, peer).toFixed(1)} times as much. Lambda’s share grows with the time that the jobs take.`,
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
    `A million jobs that fail, with ${rows[0]?.settings.jobsPerMessage} jobs per message`,
  );
}

/** The costs of lists, with what the same work would cost otherwise. */
function listTables(rows: readonly CostRow[]): Section {
  const [first] = rows;
  const { jobs, list } = (first as CostRow).settings;
  const nameOfList = ({ settings }: CostRow) =>
    settings.list?.ticks === 1 ? 'one pass per tick' : 'a shared pass';
  const { consumerMemoryMb: memoryMb } = effectiveSettings({});
  const measured = rows.map((row) => ({
    name: `drumline, ${nameOfList(row)}`,
    queue: queueAndLedger(row.dollars),
    S3: row.dollars.S3,
    Lambda: row.dollars.Lambda,
    logs: row.dollars['CloudWatch Logs'],
    stepFunctions: 0,
  }));
  const calculated = ALTERNATIVES.map((alternative) => {
    const workMs = first?.workMs ?? 0;
    const { stepFunctions, lambda } = alternativeDollars(alternative, { items: MILLION, workMs, memoryMb });
    const { via, itemsPerBatch } = alternative;
    const name = via === 'Lambda alone' ? via : `Distributed Map, ${via}`;
    return {
      name: `calculated: ${name}, ${itemsPerBatch} items per batch`,
      ...{ queue: 0, S3: 0, Lambda: lambda, logs: (MILLION / itemsPerBatch) * (LOG_BYTES.batch / 1e9) * 0.5 },
      stepFunctions,
    };
  });
  return [
    tableOf(
      [...measured, ...calculated],
      {
        '': ({ name }) => name,
        'queue and ledger': ({ queue }) => money(queue),
        S3: ({ S3 }) => money(S3),
        'Step Functions': ({ stepFunctions }) => money(stepFunctions),
        Lambda: ({ Lambda }) => money(Lambda),
        logs: ({ logs }) => money(logs),
        total: ({ queue, S3, stepFunctions, Lambda, logs }) =>
          money(queue + S3 + stepFunctions + Lambda + logs),
      },
      `Dollars per million items of ${list?.itemBytes} bytes, in a list of ${count(jobs)}`,
    ),
    'The calculated rows come from AWS’s price list, not from a measurement. They write the same documents, but do not count jobs, keep no dead letters, and do not store the items; “Lambda alone” also has no retries of its own beyond Lambda’s two. A function that counts each batch exactly once adds DynamoDB’s price for it.',
    tableOf(
      rows,
      {
        '': nameOfList,
        'S3 PUTs': units('s3Puts'),
        'S3 GETs': units('s3Gets'),
        'S3 GB-months': ({ perMillion }) => perMillion.s3GbMonths.toFixed(2),
        'write units': units('ledgerWriteUnits'),
        'read units': units('ledgerReadUnits'),
        'SQS requests': ({ perMillion: { sqsSends, sqsReceives, sqsDeletes } }) =>
          count(sqsSends + sqsReceives + sqsDeletes),
        'MB put': ({ bytesPerMillion }) => count(bytesPerMillion.put / 1e6),
        'MB got': ({ bytesPerMillion }) => count(bytesPerMillion.got / 1e6),
        'results MB': ({ bytesPerMillion }) => count(bytesPerMillion.results / 1e6),
      },
      'Requests and units per million items',
    ),
    'The workers received the messages in order, so that one GET served a batch. When SQS mixes the messages, it is up to one GET per message.',
  ];
}

function nameOf({ system, settings }: CostRow): string {
  if (system === 'powertools') return 'Powertools handler';
  return `${settings.jobsPerMessage} per message`;
}

const money = (dollars: number) => dollars.toFixed(4);

async function drumlineRow(
  where: Services,
  { workMs }: Options,
  { jobs, jobsPerMessage, scenario = 'processed', list }: Shape,
  isDefault: boolean,
): Promise<CostRow> {
  const settings = { ...effectiveSettings({}), jobsPerMessage, concurrency: WORKERS };
  const { batchSize } = settings;
  const run = { jobs, jobsPerMessage, batchSize, workers: WORKERS, scenario, ...(list && { list }) };
  const { counted } = await countDrumline(where, run);
  const ticks = list?.ticks ?? 1;
  const tick = scaleUsage(sumUsage(usageOfFiring(), usageOfTick(jobs / ticks, settings, workMs)), ticks);
  const planned = sumUsage(tick, list ? usageOfItems(counted, settings.consumerMemoryMb, ticks > 1) : {});
  const { lambdaInvocations, lambdaGbSeconds, logGb, ledgerGbMonths, ruleEvents, s3GbMonths } = planned;
  const computed = { lambdaInvocations, lambdaGbSeconds, logGb, ledgerGbMonths, ruleEvents, s3GbMonths };
  return {
    benchmark: 'cost',
    system: 'drumline',
    scenario,
    workMs,
    settings: { jobsPerMessage, batchSize, jobs, isDefault, ...(list && { list }) },
    ...priced(jobs, counted, scenario === 'processed' ? computed : {}),
  };
}

/** What a list adds that no request shows: the storage of its items, and Lambda's time for S3's answers. */
function usageOfItems(
  { usage: { s3Puts, s3Gets }, putBytes }: CountedRun['counted'],
  consumerMemoryMb: number,
  shared: boolean,
): Partial<Usage> {
  const seconds = REQUEST_MS.s3 / 1_000;
  return {
    // The reader, and the firing after it.
    lambdaInvocations: 2,
    lambdaGbSeconds: (seconds * (s3Puts * READER_MB + s3Gets * consumerMemoryMb)) / 1_024,
    s3GbMonths: (putBytes / 1e9) * (KEPT_DAYS[shared ? 'shared' : 'once'] / DAYS_PER_MONTH),
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
  const { usage, messageBytes, resultsBytes, resultsRequests, putBytes, getBytes } = counted;
  const scale = MILLION / jobs;
  const perMillion = scaleUsage(sumUsage(usage, usageOf(computed)), scale);
  return {
    perMillion,
    bytesPerMillion: {
      messages: messageBytes * scale,
      results: resultsBytes * scale,
      put: putBytes * scale,
      got: getBytes * scale,
    },
    resultsRequestsPerMillion: resultsRequests * scale,
    dollars: dollarsOf(perMillion),
  };
}
