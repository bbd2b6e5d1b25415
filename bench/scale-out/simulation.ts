import { COUNTER_SHARDS } from '../../functions/core/ledger/counters.ts';
import { PARTITION_WRITE_UNITS } from '../../plan/aws-limits.ts';
import { rampOf, workerReadyMs } from '../../plan/drain.ts';
import { BATCH_MS, REQUEST_MS, SCHEDULER_MS, workMsOfBatch } from '../../plan/overheads.ts';
import type { Sizing } from '../../plan/packing.ts';
import { packingOf } from '../../plan/packing.ts';
import { UNITS_PER_WRITE } from '../../plan/tick-usage.ts';
import { seeded } from './chance.ts';
import { Server } from './server.ts';
import { VirtualClock } from './virtual-clock.ts';

/** A tick, and the cloud that it meets. */
export interface Scenario {
  x: number;
  workMs: number;
  sizing: Sizing;
  /** Partitions of the ledger's table: a new on-demand table has four, as its 4,000 write units a second say. */
  partitions: number;
  /** Nodes that Elasticsearch's index is spread over, each as fast as the one that was measured. */
  nodes: number;
  seed: number;
}

/** What can set the pace. */
export type Limit = 'workers' | 'ramp' | 'scheduler' | 'elasticsearch' | 'counters' | 'messages';

/** How a tick went. */
export interface Outcome {
  /** From its claim to its last count, in virtual milliseconds. */
  ms: number;
  jobs: number;
  /** Workers that came to do anything. */
  workers: number;
  /** What part of the time each that workers share was at work, since the first was there; of the ramp, until all were. */
  load: Record<Exclude<Limit, 'workers'>, number>;
  /** What sets the pace: what is at work nearly all the time, or else the workers themselves. */
  limit: Limit;
  /** Where the workers' own time went, in parts of one. */
  share: Record<Part, number>;
}

/** What a worker does, or waits for. */
export type Part = 'work' | 'elasticsearch' | 'ledger' | 'between' | 'idle';

/** How much times vary, by chance, either way. */
const JITTER = 0.2;

/** At work for so much of the time, it is the limit. */
const SATURATED = 0.9;

const UNIT_MS = 1_000 / PARTITION_WRITE_UNITS;

/**
 * Lets one tick happen in virtual time. The times are the plan's, and so are Lambda's ramp and the scheduler's pace; what
 * is new here is that the workers meet:
 *
 *     scheduler ─► queue ─► worker ─► its work ─► Elasticsearch ─► ledger ─► the next batch
 *                           × N                   one line         a line for each partition
 *
 * A partition that is asked for more than its 1,000 write units a second throttles, and the SDK asks again; that is taken
 * for a line in which one waits. The workers' counters are under a run's COUNTER_SHARDS keys, each of which lies in a partition
 * that it shares with messages, and perhaps with other counters.
 */
export function simulate({ x, workMs, sizing, partitions, nodes, seed }: Scenario): Outcome {
  const chance = seeded(seed);
  const about = (ms: number) => ms * (1 - JITTER + 2 * JITTER * chance());
  const clock = new VirtualClock();
  const packing = packingOf(x, sizing);
  const elasticsearch = new Server();
  const ledger = Array.from({ length: partitions }, () => new Server());
  const anyOf = <One>(list: readonly One[]) => list[Math.floor(chance() * list.length)] as One;
  const shards = Array.from({ length: COUNTER_SHARDS }, () => anyOf(ledger));
  const spent: Record<Part, number> = { work: 0, elasticsearch: 0, ledger: 0, between: 0, idle: 0 };
  const ramp = rampOf(sizing);
  const busyWorkers = new Set<number>();
  let counted = { jobs: 0, at: 0 };
  let taken = 0;

  const counters = Array.from({ length: Math.min(ramp.max, packing.batches) }, () => anyOf(shards));
  for (const worker of counters.keys()) clock.at(workerReadyMs(ramp, worker), (now) => take(worker, now));
  clock.run();

  function take(worker: number, now: number): void {
    if (taken === packing.batches) return;
    const at = taken++;
    busyWorkers.add(worker);
    const messages = Math.min(sizing.batchSize, packing.messages - at * sizing.batchSize);
    const full = packing.batchJobs;
    const jobs = Math.min(full, x - at * full);
    const sent = (at * sizing.batchSize + messages) * SCHEDULER_MS.message;
    const begun = Math.max(now, sent);
    spent.idle += begun - now;
    const own = BATCH_MS.fixed - REQUEST_MS.elasticsearch - REQUEST_MS.dynamo;
    const work = about(
      own + workMsOfBatch({ messages, jobs, workMs, jobConcurrency: sizing.jobConcurrency }),
    );
    spent.work += work;
    clock.at(begun + work, (worked) => write(worker, messages, jobs, worked));
  }

  function write(worker: number, messages: number, jobs: number, now: number): void {
    const done = elasticsearch.serve(now, (jobs * BATCH_MS.job) / nodes) + about(REQUEST_MS.elasticsearch);
    spent.elasticsearch += done - now;
    clock.at(done, (written) => countThem(worker, messages, jobs, written));
  }

  function countThem(worker: number, messages: number, jobs: number, now: number): void {
    const writes = new Map<Server, number>([[counters[worker] as Server, 1]]);
    for (let message = 0; message < messages; message++) {
      const partition = anyOf(ledger);
      writes.set(partition, (writes.get(partition) ?? 0) + 1);
    }
    const served = [...writes].map(([partition, count]) =>
      partition.serve(now, count * UNITS_PER_WRITE * UNIT_MS),
    );
    const done = Math.max(...served) + about(REQUEST_MS.dynamo + messages * BATCH_MS.message);
    spent.ledger += done - now;
    clock.at(done, (at) => {
      counted = { jobs: counted.jobs + jobs, at };
      const between = about(BATCH_MS.between);
      spent.between += between;
      clock.at(at + between, (next) => take(worker, next));
    });
  }

  const ms = counted.at;
  const there = ms - workerReadyMs(ramp, 0);
  const mean = (some: readonly Server[]) => some.reduce((sum, { busyMs }) => sum + busyMs, 0) / some.length;
  const counting = ledger.filter((partition) => shards.includes(partition));
  const load = {
    ramp: Math.min(1, workerReadyMs(ramp, ramp.max - 1) / ms),
    scheduler: (packing.messages * SCHEDULER_MS.message) / ms,
    elasticsearch: elasticsearch.busyMs / there,
    messages: mean(ledger) / there,
    counters: mean(counting) / there,
  };
  const all = Object.values(spent).reduce((sum, each) => sum + each, 0);
  const share = Object.fromEntries(Object.entries(spent).map(([part, each]) => [part, each / all]));
  return {
    ...{ ms, jobs: counted.jobs, workers: busyWorkers.size, load, limit: limitOf(load) },
    share: share as Record<Part, number>,
  };
}

/** Workers that are still coming are the limit only where nothing that they share is. */
function limitOf({ ramp, ...shared }: Outcome['load']): Limit {
  const [name, part] = (Object.entries(shared) as [Limit, number][]).reduce((most, each) =>
    each[1] > most[1] ? each : most,
  );
  if (part >= SATURATED) return name;
  return ramp >= SATURATED ? 'ramp' : 'workers';
}
