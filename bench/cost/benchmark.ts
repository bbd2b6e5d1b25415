import type { Command } from 'commander';
import { effectiveSettings } from '../../cli/cloud/settings.ts';
import { int, intList } from '../../cli/terminal/options.ts';
import { COUNTER_SHARDS } from '../../functions/core/ledger/counters.ts';
import { PARTITION_WRITE_UNITS } from '../../plan/aws-limits.ts';
import { LOG_BYTES, REQUEST_MS } from '../../plan/overheads.ts';
import { dollarsOf, type Service, sum, times, type Usage, usageOf } from '../../plan/prices.ts';
import { UNITS_PER_WRITE, usageOfFiring, usageOfTick } from '../../plan/tick-usage.ts';
import type { Benchmark, Context, Row } from '../benchmark.ts';
import { type CountedRun, countDrumline, SCENARIOS, type Scenario, type Where } from './drumline.ts';
import { countPowertools } from './powertools.ts';
import { section } from './section.ts';

export interface Options {
  jobs: number;
  jobsPerMessage: number[];
  workMs: number;
}

export interface CostRow extends Row {
  system: 'drumline' | 'powertools';
  scenario: Scenario;
  workMs: number;
  settings: { jobsPerMessage: number; batchSize: number; jobs: number; isDefault: boolean };
  /** What a million jobs take of each thing that AWS bills. */
  perMillion: Usage;
  /** And of what it doesn't. */
  bytesPerMillion: { messages: number; results: number };
  resultsRequestsPerMillion: number;
  /** What that costs. */
  dollars: Record<Service, number>;
  /** Of ours alone. */
  counters?: Counters;
}

/** What batches write to keys that they share; a message's record has a key of its own. */
export interface Counters {
  /** Write units of a batch; a transaction's write of an item below 1 kB takes two. */
  unitsABatch: number;
  /** Keys that many workers are spread over. */
  partitions: number;
  /** Until their partitions are full, where the workers are spread evenly. */
  batchesASecond: number;
}

const MILLION = 1_000_000;

/** Both ways are given the same workers, who change nothing here but how often a tick is read. */
const WORKERS = 2;

/** Requests of one record of the Powertools way that wait for each other: begin it, index it, count it, note its end. */
const POWERTOOLS_STEPS = { dynamo: 3, bulk: 1 };

export const cost: Benchmark<Options, CostRow> = {
  name: 'cost',
  title: 'What a million jobs cost',
  about: `One tick is enqueued and worked off in this process by the code that is deployed, and what it asks of SQS and DynamoDB is
counted on the wire, by a meter before the emulator: requests, each as SQS bills it, and the units that DynamoDB says each call took. The
event source mapping's part (receiving, deleting) is played with full batches. The Powertools way is the handler that an engineer who knows AWS would write
first (\`bench/peers/powertools/handler.ts\`): a job a message, Powertools' batch processing and idempotency, one count a job.
What was counted is scaled to a million jobs and priced by \`plan/prices.ts\`.

Jobs that fail are counted with the default packing: *failed* are jobs that say so themselves, at their first delivery, and for good; *failed once*
are jobs that all fail at their first delivery and work at the next. Their Lambda time is not reckoned.

Lambda's time and the logs' bytes are not counted but reckoned: by the plan's measured overheads (\`plan/overheads.ts\`), for both
ways alike, with the same time for the same request, and as many bytes of logs for each invocation. A month's fixed costs (the rule, polling an empty queue)
are the plan's affair: \`drumline plan\`. Nothing here depends on how fast the machine is.`,

  register(command: Command) {
    command
      .option('--jobs <n>', 'jobs that are counted', int(100, 1_000_000), 10_000)
      .option(
        '--jobs-per-message <list>',
        'as the setting; the default is always among them',
        intList(1, 500),
        [1, 10, 25, 50, 100],
      )
      .option('--work-ms <ms>', 'how long a job waits, for Lambda’s time', int(0, 60_000), 0);
  },

  async run(context) {
    const { options, progress, signal } = context;
    const { aws, home } = await context.cloud();
    const where = { aws, elasticsearchUrl: home.elasticsearchUrl };
    const { jobsPerMessage } = effectiveSettings({});
    const packings = [...new Set([...options.jobsPerMessage, jobsPerMessage])].sort((a, b) => a - b);
    const rows: CostRow[] = [];
    for (const packing of packings) {
      signal.throwIfAborted();
      progress(`drumline, ${packing} jobs a message`);
      rows.push(await drumlineRow(where, options, packing, packing === jobsPerMessage));
    }
    for (const scenario of SCENARIOS.filter((each) => each !== 'processed')) {
      signal.throwIfAborted();
      progress(`drumline, ${scenario}`);
      rows.push(await drumlineRow(where, options, jobsPerMessage, true, scenario));
    }
    signal.throwIfAborted();
    progress('powertools, a job a message');
    rows.push(await powertoolsRow(where, options));
    return rows;
  },

  section,
};

async function drumlineRow(
  where: Where,
  { jobs, workMs }: Context<Options>['options'],
  jobsPerMessage: number,
  isDefault: boolean,
  scenario: Scenario = 'processed',
): Promise<CostRow> {
  const settings = { ...effectiveSettings({}), jobsPerMessage, concurrency: WORKERS };
  const { batchSize } = settings;
  const run = { jobs, jobsPerMessage, batchSize, workers: WORKERS, scenario };
  const { counted, batches } = await countDrumline(where, run);
  const { lambdaInvocations, lambdaGbSeconds, logGb, ledgerGbMonths, ruleEvents } = sum(
    usageOfFiring(),
    usageOfTick(jobs, settings, workMs),
  );
  const reckoned = { lambdaInvocations, lambdaGbSeconds, logGb, ledgerGbMonths, ruleEvents };
  return {
    benchmark: 'cost',
    system: 'drumline',
    scenario,
    workMs,
    settings: { jobsPerMessage, batchSize, jobs, isDefault },
    ...priced(jobs, counted, scenario === 'processed' ? reckoned : {}),
    counters: countersOf(counted.writesByKey, batches.length),
  };
}

function countersOf(writesByKey: ReadonlyMap<string, number>, batches: number): Counters {
  const shared = [...writesByKey].filter(([key]) => !key.startsWith('MESSAGE#'));
  const unitsABatch = (shared.reduce((sum, [, writes]) => sum + writes, 0) * UNITS_PER_WRITE) / batches;
  return {
    unitsABatch,
    partitions: COUNTER_SHARDS,
    batchesASecond: (COUNTER_SHARDS * PARTITION_WRITE_UNITS) / unitsABatch,
  };
}

async function powertoolsRow(where: Where, { jobs, workMs }: Options): Promise<CostRow> {
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

function priced(jobs: number, counted: CountedRun['counted'], reckoned: Partial<Usage>) {
  const { usage, messageBytes, resultsBytes, resultsRequests } = counted;
  const scale = MILLION / jobs;
  const perMillion = times(sum(usage, usageOf(reckoned)), scale);
  return {
    perMillion,
    bytesPerMillion: { messages: messageBytes * scale, results: resultsBytes * scale },
    resultsRequestsPerMillion: resultsRequests * scale,
    dollars: dollarsOf(perMillion),
  };
}
