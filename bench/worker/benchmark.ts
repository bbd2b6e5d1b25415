import type { Command } from 'commander';
import { int, intList } from '../../cli/terminal/options.ts';
import { connect, type Results } from '../../functions/core/results/client.ts';
import { ensureIndex } from '../../functions/core/results/ensure-index.ts';
import { count } from '../../text/format.ts';
import type { Benchmark, Context, Row } from '../benchmark.ts';
import { type Figure, figureOf } from '../figure.ts';
import type { OwnCloud } from '../own-cloud.ts';
import { piecesOf } from '../pieces.ts';
import { makePlace, type Place } from '../place.ts';
import { inTurn } from '../rounds.ts';
import { growthOf, type Sample } from './memory.ts';
import { messagesOfTick } from './messages.ts';
import { type Parts, TimedWorker } from './parts.ts';
import { section } from './section.ts';

export interface Options {
  batchSize: number[];
  jobsPerMessage: number[];
  jobConcurrency: number;
  workMs: number;
  jobs: number;
}

/** The time of a batch. */
export interface BatchRow extends Row {
  kind: 'batch';
  settings: { batchSize: number; jobsPerMessage: number; jobConcurrency: number };
  workMs: number;
  jobsPerSecond: Figure;
  /** Milliseconds of a batch: in all, and what they go into (medians over the rounds of a round's mean). */
  batchMs: Figure;
  partsMs: Parts;
}

/** The size of a worker process through many jobs. */
export interface MemoryRow extends Row {
  kind: 'memory';
  settings: { batchSize: number; jobsPerMessage: number; jobs: number };
  samples: Sample[];
}

export type WorkerRow = BatchRow | MemoryRow;

/** A round of a case: about so many jobs, in at least and at most so many batches, after some to warm up. */
const JOBS_A_ROUND = 10_000;
const LEAST_BATCHES = 5;
const MOST_BATCHES = 40;
const WARM_UP = 3;

/** How the messages of the memory's measurement are packed: as large as makes sense, for most jobs in the time. */
const MEMORY = { batchSize: 10, jobsPerMessage: 100 };

export const worker: Benchmark<Options, WorkerRow> = {
  name: 'worker',
  title: 'The inside of a worker',
  about: `What a worker does with a batch (\`functions/core/consume/consume.ts\`), in this process, against the emulator's DynamoDB and a real
Elasticsearch; without SQS, Lambda and their waits. The messages are a tick's as the scheduler makes them. *bulk* and
*ledger* are the time until Elasticsearch and DynamoDB have answered; *own* is what is left: parsing, deciding, making requests.

Memory is that of one worker process: the deployed bundle in a plain Node of its own, which gets batch after batch; its heap is read
after a collection that it is made to do.`,

  register(command: Command) {
    command
      .option('--batch-size <list>', 'messages a batch', intList(1, 1_000), [1, 10, 100])
      .option('--jobs-per-message <list>', 'jobs a message', intList(1, 500), [1, 10, 25, 100])
      .option('--job-concurrency <n>', 'jobs at a time', int(1, 10_000), 10)
      .option('--work-ms <ms>', 'how long a job waits', int(0, 60_000), 0)
      .option(
        '--jobs <n>',
        'jobs through which memory is watched; 0 for none',
        int(0, 10_000_000),
        1_000_000,
      );
  },

  async run(context) {
    const { options, rounds } = context;
    const cloud = await context.cloud();
    const cases = options.batchSize.flatMap((batchSize) =>
      options.jobsPerMessage.map((jobsPerMessage) => ({ batchSize, jobsPerMessage })),
    );
    const measured = await inTurn(cases, rounds, (one) =>
      within(cloud, (place, results) => measure(context, place, results, one)),
    );
    const rows: WorkerRow[] = [...measured].map(([one, values]) => batchRow(context.options, one, values));
    if (options.jobs > 0) rows.push(await watchMemory(context, cloud));
    return rows;
  },

  section,
};

interface Round {
  total: number;
  parts: Parts;
}

async function measure(
  { options, progress, signal }: Context<Options>,
  place: Place,
  results: Results,
  { batchSize, jobsPerMessage }: { batchSize: number; jobsPerMessage: number },
): Promise<Round> {
  const jobs = batchSize * jobsPerMessage;
  const batches = Math.min(MOST_BATCHES, Math.max(LEAST_BATCHES, Math.round(JOBS_A_ROUND / jobs)));
  const bodies = await messagesOfTick(place, (batches + WARM_UP) * jobs, jobsPerMessage);
  const timed = new TimedWorker(place, results, options.workMs, options.jobConcurrency);
  const sum = { total: 0, work: 0, bulk: 0, ledger: 0, own: 0 };
  let at = 0;
  for (const batch of piecesOf(bodies, batchSize)) {
    signal.throwIfAborted();
    const times = await timed.take(batch, jobs);
    if (at++ < WARM_UP) continue;
    for (const part of Object.keys(sum) as (keyof typeof sum)[]) sum[part] += times[part] / batches;
  }
  const { total, ...parts } = sum;
  progress(`${batchSize} × ${jobsPerMessage} jobs: ${total.toFixed(1)} ms`);
  return { total, parts };
}

function batchRow(
  { jobConcurrency, workMs }: Options,
  one: { batchSize: number; jobsPerMessage: number },
  rounds: Round[],
): BatchRow {
  const jobs = one.batchSize * one.jobsPerMessage;
  const part = (name: keyof Parts) => figureOf(rounds.map(({ parts }) => parts[name])).median;
  return {
    benchmark: 'worker',
    kind: 'batch',
    workMs,
    settings: { ...one, jobConcurrency },
    jobsPerSecond: figureOf(rounds.map(({ total }) => (jobs / total) * 1_000)),
    batchMs: figureOf(rounds.map(({ total }) => total)),
    partsMs: { work: part('work'), bulk: part('bulk'), ledger: part('ledger'), own: part('own') },
  };
}

async function watchMemory({ options, step }: Context<Options>, cloud: OwnCloud): Promise<MemoryRow> {
  const { jobs } = options;
  const samples = await step(`Watching a worker through ${count(jobs)} jobs`, () =>
    within(cloud, async (place, results) => {
      const bodies = await messagesOfTick(place, jobs, MEMORY.jobsPerMessage);
      return growthOf(cloud, place, results, bodies, MEMORY);
    }),
  );
  return { benchmark: 'worker', kind: 'memory', settings: { ...MEMORY, jobs }, samples };
}

/** Does it with a ledger, queues and an index of its own. */
async function within<Result>(
  cloud: OwnCloud,
  measure: (place: Place, results: Results) => Promise<Result>,
): Promise<Result> {
  const place = await makePlace(cloud);
  const results = connect(cloud.home.elasticsearchUrl, place.table.name);
  try {
    await ensureIndex(results);
    return await measure(place, results);
  } finally {
    await results.client.indices.delete({ index: results.index, ignore_unavailable: true });
    await results.client.close();
    await place.remove();
  }
}
