import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '@aws-sdk/client-sqs';
import { consume } from '../../functions/core/consume/consume.ts';
import type { Worker } from '../../functions/core/consume/worker.ts';
import type { Job } from '../../functions/core/job/job.ts';
import { PermanentError } from '../../functions/core/model/errors.ts';
import {
  jobsPerMessageOf,
  MIN_MESSAGES_PER_TICK,
  type PackingRule,
} from '../../functions/core/model/packing.ts';
import {
  fireScheduler,
  openWorker,
  type Pipeline,
  squareJob,
  startOneTick,
} from '../../test/fixtures/pipeline.ts';
import { readList } from './list-reader.ts';
import type { ListItem } from './list-source.ts';
import { type CountedRun, deleteMessages, receive, type Services, withMeters } from './metered-pipeline.ts';
import type { Meter } from './request-meter.ts';

/** How the jobs end: all are processed; all fail permanently; all fail once and are processed at the next delivery. */
export type Scenario = 'processed' | 'failed' | 'failed once';

/** One tick, and how its jobs are packed. */
export interface Run {
  jobs: number;
  jobsPerMessage: number;
  batchSize: number;
  /** The workers take batches in turn. */
  workers: number;
  /** `processed` by default. */
  scenario?: Scenario;
  /** The list whose items the jobs have. Otherwise the jobs are numbered. */
  list?: RunList;
}

/** A list with an item for each job. */
export interface RunList {
  /** Bytes of an item as JSON. */
  itemBytes: number;
  /** Number of ticks that share its pass. One tick has a pass for itself. */
  ticks: number;
}

/** The delay of a message whose jobs failed, in seconds: longer than all first deliveries take together. */
const RETRY_SECONDS = 10;

/** A message returns once. More deliveries are an error. */
const MAX_DELIVERIES = 3;

/**
 * Runs one tick with the scheduler's and the consumer's own code in this process, and counts their requests. This function
 * also sends the requests of the event source mapping. Writes by key are those of the consumer only.
 * @throws Error if a job is neither processed nor failed at the end
 */
export function countDrumline(services: Services, run: Run): Promise<CountedRun> {
  return withMeters(
    services,
    async (pipeline, meter, resultsMeter) => {
      const { list, jobs: total } = run;
      const jobsPerTick = Math.ceil(total / (list?.ticks ?? 1));
      await startOneTick(pipeline.table, list?.ticks === 1 ? 'all' : jobsPerTick, list !== undefined);
      meter.reset();
      const settings = { jobsPerMessage: run.jobsPerMessage, minMessages: MIN_MESSAGES_PER_TICK };
      const packed = jobsPerMessageOf(jobsPerTick, settings);
      if (list) await enqueueList(pipeline, settings, total, list);
      else await fireScheduler(pipeline, settings, 600_000);
      const job = list ? LIST_JOB : jobOf(run.scenario ?? 'processed');
      const workers = Array.from({ length: run.workers }, () => {
        const backoff = { baseSeconds: RETRY_SECONDS, capSeconds: RETRY_SECONDS };
        return { ...openWorker(pipeline, job, { backoff }), random: () => 0.999 };
      });
      resultsMeter.reset();
      meter.counted.writesByKey.clear();
      const batches: CountedRun['batches'] = [];
      let left = total;
      for (let delivery = 1; left > 0; delivery++) {
        if (delivery > MAX_DELIVERIES) throw new Error(`${left} jobs are neither processed nor failed`);
        if (delivery > 1) await sleep((RETRY_SECONDS + 1) * 1_000);
        for (let messages = Math.ceil(left / packed); messages > 0; ) {
          const received = await receive(pipeline.jobs, Math.min(run.batchSize, messages));
          const worker = workers[batches.length % workers.length] as Worker;
          const jobs = await consumeBatch(worker, received, meter);
          await deleteMessages(pipeline.jobs, received);
          batches.push({ messages: received.length, jobs });
          messages -= received.length;
          left -= jobs;
        }
      }
      return batches;
    },
    run.list !== undefined,
  );
}

const DAY_MS = 86_400_000;

/** Reads the list into one pass, and enqueues its ticks, each a day after the one before. */
async function enqueueList(
  pipeline: Pipeline,
  settings: PackingRule,
  items: number,
  { itemBytes, ticks }: RunList,
): Promise<void> {
  const fireOn = (day: number) => fireScheduler(pipeline, settings, 600_000, () => Date.now() + day * DAY_MS);
  const { reading } = await fireOn(0);
  if (!reading) throw new Error('the scheduler opened no pass');
  await readList(pipeline, reading, { items, itemBytes });
  for (let day = 0; day < ticks; day++) await fireOn(day);
}

const LIST_JOB: Job = { run: ({ id }: ListItem) => id * id };

/** @returns how many jobs were processed or failed @throws Error if a request failed or a message could not be returned */
async function consumeBatch(worker: Worker, messages: readonly Message[], meter: Meter): Promise<number> {
  const deliveries = messages.map(({ MessageId: id = '', Body: body = '', Attributes = {} }) => ({
    id,
    body,
    receives: Number(Attributes.ApproximateReceiveCount),
  }));
  const { processed, failed, undelivered, outage, errors } = await consume(
    worker,
    deliveries,
    Date.now() + 60_000,
  );
  // A failed request explains more than its consequences: this throws it.
  meter.counted;
  for (const error of [outage, ...errors]) if (error) throw error;
  if (undelivered.length > 0)
    throw new Error(`${undelivered.length} messages could not be returned to the queue`);
  return processed + failed;
}

/** The default job, or one that fails. */
function jobOf(scenario: Scenario): Job {
  const job = squareJob(0);
  const seen = new Set<number>();
  const run: Record<Scenario, (item: number) => unknown> = {
    processed: job.run,
    failed: () => {
      throw new PermanentError('the shop knows no such order');
    },
    'failed once': (item) => {
      if (seen.has(item)) return job.run(item);
      seen.add(item);
      throw new Error('the shop answered 503');
    },
  };
  return { run: run[scenario] };
}
