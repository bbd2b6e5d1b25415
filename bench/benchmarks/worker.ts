import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { Command } from 'commander';
import { count } from '../../cli/terminal/format.ts';
import { int, intList } from '../../cli/terminal/options.ts';
import { chunk } from '../../functions/core/grouping.ts';
import type { Queue } from '../../functions/core/queue/queue.ts';
import { PRICES } from '../../plan/prices.ts';
import { UNITS_PER_WRITE } from '../../plan/tick-usage.ts';
import { fireScheduler, type Pipeline, startOneTick, withPipeline } from '../../test/fixtures/pipeline.ts';
import { type Benchmark, type Context, type Row, type Section, tableOf } from '../harness/benchmark.ts';
import { type Figure, figureOf, figureText, measureInTurn } from '../harness/figures.ts';
import { type BatchParts, type BatchTimes, TimedWorker } from './batch-timing.ts';
import { type Loading, measureLoading, type Order } from './item-loading.ts';

interface Options {
  batchSize: number[];
  jobsPerMessage: number[];
  jobConcurrency: number;
  workMs: number;
  jobs: number;
  segmentItems: number[];
}

interface Packing {
  batchSize: number;
  jobsPerMessage: number;
}

/** The time of a batch. */
interface BatchRow extends Row {
  kind: 'batch';
  settings: Packing & { jobConcurrency: number };
  workMs: number;
  jobsPerSecond: Figure;
  /** Milliseconds of a whole batch. */
  batchMs: Figure;
  /** Medians, over the rounds, of each round's mean. */
  partsMs: BatchParts;
}

/** Memory in megabytes (1,000,000 bytes). The heap is read after a forced garbage collection. */
interface MemorySample {
  rssMb: number;
  heapMb: number;
}

/** The memory of the process of one worker, at regular intervals over many jobs. */
interface MemoryRow extends Row {
  kind: 'memory';
  settings: Packing & { jobs: number };
  samples: MemorySample[];
}

/** The loading of a batch's items from segments of one size. */
interface LoadingRow extends Row {
  kind: 'items';
  settings: { segmentItems: number; itemBytes: number; order: Order };
  /** Milliseconds. */
  ms: Figure;
  gets: number;
  bytes: number;
}

export type WorkerRow = BatchRow | MemoryRow | LoadingRow;

const ITEM_BYTES = 200;

/** Jobs of one round of a case, within these numbers of batches, after the warm-up. */
const JOBS_PER_ROUND = 10_000;
const MIN_BATCHES = 5;
const MAX_BATCHES = 40;
const WARM_UP_BATCHES = 3;

const MEMORY_SAMPLES = 20;

/** Large batches for the memory measurement: they run most jobs per second. */
const MEMORY_PACKING: Packing = { batchSize: 10, jobsPerMessage: 100 };

export const worker: Benchmark<Options, WorkerRow> = {
  name: 'worker',
  question: 'Where does a worker’s time go?',
  method: `A worker consumes batches (\`functions/core/consume/consume.ts\`) in this process, against the emulator's DynamoDB and a real
Elasticsearch, without SQS and Lambda. The messages are those that the scheduler makes for a tick.

For the items of a list, a worker that has cached nothing loads the items of a batch of ten messages with 50 jobs each from the emulator's S3. The
messages are consecutive, or each is in another segment.

The memory is that of the process in which one worker consumes batch after batch. The process also contains the
benchmark, so a deployed worker needs less memory. The heap is read after a forced garbage collection.`,

  register(command: Command) {
    command
      .option('--batch-size <list>', 'messages per batch', intList(1, 1_000), [1, 10, 100])
      .option('--jobs-per-message <list>', 'jobs per message', intList(1, 500), [1, 10, 25, 100])
      .option('--job-concurrency <n>', 'jobs at a time', int(1, 10_000), 10)
      .option('--work-ms <n>', 'how long each job waits, in milliseconds', int(0, 60_000), 0)
      .option('--jobs <n>', 'jobs for the memory measurement; 0 skips it', int(0, 10_000_000), 1_000_000)
      .option(
        '--segment-items <list>',
        'items of a segment of a list; 0 skips it',
        intList(0, 4_000),
        [50, 100, 500, 1_000, 2_000],
      );
  },

  async run(context) {
    const { options, rounds } = context;
    const cases = options.batchSize.flatMap((batchSize) =>
      options.jobsPerMessage.map((jobsPerMessage): Packing => ({ batchSize, jobsPerMessage })),
    );
    const measured = await measureInTurn(cases, rounds, (packing) => measureBatches(context, packing));
    const rows: WorkerRow[] = [...measured].map(([packing, values]) => batchRow(options, packing, values));
    rows.push(...(await loadingRows(context)));
    if (options.jobs > 0) rows.push(await measureMemory(context));
    return rows;
  },

  section(rows): Section {
    const batches = rows.filter((row) => row.kind === 'batch');
    const memory = rows.filter((row) => row.kind === 'memory');
    const items = rows.filter((row) => row.kind === 'items');
    return [
      'Each batch has one bulk request and one DynamoDB transaction per 99 messages, whether a message holds one job or a hundred. *bulk* and *ledger* are the time until Elasticsearch and DynamoDB have answered. *own* is the time of the worker’s own code: parsing, deciding, building requests.',
      tableOf(batches, {
        'messages × jobs per message': ({ settings: { batchSize, jobsPerMessage } }) =>
          `${count(batchSize)} × ${count(jobsPerMessage)}`,
        'jobs/s': ({ jobsPerSecond }) => figureText(jobsPerSecond),
        'ms per batch': ({ batchMs }) => figureText(batchMs, oneDigit),
        work: ({ partsMs }) => oneDigit(partsMs.work),
        bulk: ({ partsMs }) => oneDigit(partsMs.bulk),
        ledger: ({ partsMs }) => oneDigit(partsMs.ledger),
        own: ({ partsMs }) => oneDigit(partsMs.own),
      }),
      ...(items.length > 0 ? [loadingTable(items), LOADING_REMARK] : []),
      ...memory.map(memoryText),
    ];
  },
};

/** @returns the means of one round */
async function measureBatches(context: Context<Options>, packing: Packing): Promise<BatchTimes> {
  const { batchSize, jobsPerMessage } = packing;
  const { jobConcurrency, workMs } = context.options;
  const jobs = batchSize * jobsPerMessage;
  const batches = Math.min(MAX_BATCHES, Math.max(MIN_BATCHES, Math.round(JOBS_PER_ROUND / jobs)));
  const mean: BatchTimes = { total: 0, work: 0, bulk: 0, ledger: 0, own: 0 };
  const { aws, elasticsearchUrl } = await context.cloud();
  await withPipeline(aws, elasticsearchUrl, async (pipeline) => {
    const bodies = await messagesOfTick(pipeline, (batches + WARM_UP_BATCHES) * jobs, jobsPerMessage);
    const timed = new TimedWorker(pipeline, workMs, jobConcurrency);
    for (const [at, batch] of chunk(bodies, { count: batchSize }).entries()) {
      context.signal.throwIfAborted();
      const times = await timed.consume(batch);
      if (at < WARM_UP_BATCHES) continue;
      for (const part of Object.keys(mean) as (keyof BatchTimes)[]) mean[part] += times[part] / batches;
    }
  });
  context.progress(`${batchSize} × ${jobsPerMessage} jobs: ${mean.total.toFixed(1)} ms`);
  return mean;
}

function batchRow({ jobConcurrency, workMs }: Options, packing: Packing, rounds: BatchTimes[]): BatchRow {
  const jobs = packing.batchSize * packing.jobsPerMessage;
  const median = (name: keyof BatchTimes) => figureOf(rounds.map((times) => times[name])).median;
  return {
    benchmark: 'worker',
    kind: 'batch',
    workMs,
    settings: { ...packing, jobConcurrency },
    jobsPerSecond: figureOf(rounds.map(({ total }) => (jobs / total) * 1_000)),
    batchMs: figureOf(rounds.map(({ total }) => total)),
    partsMs: { work: median('work'), bulk: median('bulk'), ledger: median('ledger'), own: median('own') },
  };
}

async function loadingRows({ options, rounds, progress, cloud }: Context<Options>): Promise<LoadingRow[]> {
  const sizes = options.segmentItems.filter((segmentItems) => segmentItems > 0);
  const { aws, elasticsearchUrl } = await cloud();
  const measured = await measureInTurn(sizes, rounds, (segmentItems) => {
    progress(`segments of ${segmentItems} items`);
    return measureLoading(aws, elasticsearchUrl, segmentItems, ITEM_BYTES);
  });
  return [...measured].flatMap(([segmentItems, values]) =>
    (['in order', 'scattered'] as const).map((order): LoadingRow => {
      const [{ gets, bytes }] = values.map((value) => value[order]) as [Loading];
      const ms = figureOf(values.map((value) => value[order].ms));
      const settings = { segmentItems, itemBytes: ITEM_BYTES, order };
      return { benchmark: 'worker', kind: 'items', settings, ms, gets, bytes };
    }),
  );
}

function loadingTable(rows: readonly LoadingRow[]) {
  const of = (segmentItems: number, order: Order) =>
    rows.find(
      ({ settings }) => settings.segmentItems === segmentItems && settings.order === order,
    ) as LoadingRow;
  const dollars = (segmentItems: number) => {
    const { s3Puts, ledgerWriteUnits } = PRICES;
    const perSegment =
      s3Puts.dollars / s3Puts.per + (UNITS_PER_WRITE * ledgerWriteUnits.dollars) / ledgerWriteUnits.per;
    return (1_000_000 / segmentItems) * perSegment;
  };
  const cells = (order: Order) => ({
    [`${order}: ms`]: (size: number) => figureText(of(size, order).ms, oneDigit),
    [`${order}: GETs`]: (size: number) => oneDigit(of(size, order).gets),
    [`${order}: kB`]: (size: number) => count(of(size, order).bytes / 1e3),
  });
  return tableOf(
    [...new Set(rows.map(({ settings }) => settings.segmentItems))],
    {
      'items per segment': count,
      'dollars per million items': (size) => dollars(size).toFixed(4),
      ...cells('in order'),
      ...cells('scattered'),
    },
    `Loading the items of a batch of 500 jobs (items of ${ITEM_BYTES} bytes)`,
  );
}

const LOADING_REMARK =
  'The dollars are those of the PUTs and of the ledger’s items. The times include the ledger’s query for each segment, which the emulator answers the slower the more segments a pass has. On AWS a GET of a small object takes 100 to 200 ms, whatever its size (“Best practices design patterns: optimizing Amazon S3 performance”), so the number of PUTs and GETs matters more there, and the bytes less.';

/** Runs jobs through one worker in this process and reads the memory at regular intervals. */
async function measureMemory({ options, signal, step, cloud }: Context<Options>): Promise<MemoryRow> {
  const { jobs, jobConcurrency } = options;
  const { aws, elasticsearchUrl } = await cloud();
  const { batchSize, jobsPerMessage } = MEMORY_PACKING;
  const samples: MemorySample[] = [];
  await step(`Watching a worker’s memory over ${count(jobs)} jobs`, () =>
    withPipeline(aws, elasticsearchUrl, async (pipeline) => {
      const batches = chunk(await messagesOfTick(pipeline, jobs, jobsPerMessage), { count: batchSize });
      const timed = new TimedWorker(pipeline, 0, jobConcurrency);
      for (const some of chunk(batches, { count: Math.ceil(batches.length / MEMORY_SAMPLES) })) {
        signal.throwIfAborted();
        for (const batch of some) await timed.consume(batch);
        const { rss } = process.memoryUsage();
        collectGarbage();
        samples.push({ rssMb: rss / 1e6, heapMb: process.memoryUsage().heapUsed / 1e6 });
      }
    }),
  );
  return { benchmark: 'worker', kind: 'memory', settings: { ...MEMORY_PACKING, jobs }, samples };
}

/** Forces a full garbage collection. V8 offers it only to contexts that are created after the flag is set. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

/**
 * Lets the scheduler enqueue one tick and keeps its messages from the queue: the ledger knows the tick, as the consumer
 * requires, and SQS plays no part in the measurement.
 * @returns the bodies of the messages
 */
async function messagesOfTick({ table }: Pipeline, jobs: number, jobsPerMessage: number): Promise<string[]> {
  const bodies: string[] = [];
  const send = async ({ input }: SendMessageBatchCommand) => {
    for (const { MessageBody = '' } of input.Entries ?? []) bodies.push(MessageBody);
    return {};
  };
  const queue: Queue = { url: '', client: { send } as unknown as Queue['client'], retryDelayMs: 25 };
  await startOneTick(table, jobs);
  await fireScheduler({ table, jobs: queue }, { jobsPerMessage, minMessages: 1 }, 600_000);
  return bodies;
}

/** The memory's size, and whether the heap grows. */
function memoryText({ settings, samples }: MemoryRow): string {
  const middle = Math.ceil(samples.length / 2);
  const meanHeap = (some: MemorySample[]) =>
    oneDigit(some.reduce((sum, { heapMb }) => sum + heapMb, 0) / some.length);
  const maxRss = Math.max(...samples.map(({ rssMb }) => rssMb));
  return `**Memory.** Over ${count(settings.jobs)} jobs, in batches of ${settings.batchSize} messages with ${settings.jobsPerMessage} jobs each, the worker’s process had at most ${maxRss.toFixed(0)} MB (RSS). Its heap in use was ${meanHeap(samples.slice(0, middle))} MB on average in the first half of the jobs and ${meanHeap(samples.slice(middle))} MB in the second.`;
}

const oneDigit = (value: number) => value.toFixed(1);
