import { mappingMaximumOf } from '../../../functions/core/model/scaling.ts';
import { applyScaling, Refused } from '../../../functions/core/scaling/apply-scaling.ts';
import { ConsumerFunction } from './consumer-function.ts';
import { ControlPlane, type ControlPlaneConditions } from './control-plane.ts';
import { EventSourceMapping } from './event-source-mapping.ts';
import { Events } from './events.ts';
import { JobsQueue, type Message } from './jobs-queue.ts';
import type { Load } from './load.ts';
import { ObservedTiming } from './observed-timing.ts';
import { Random } from './random.ts';
import type { Scaler, View } from './scaler.ts';

const HOUR_MS = 3_600_000;
const SAMPLE_MS = 5_000;

/** How long a batch of the default packing takes, in milliseconds. */
const PACKED_BATCH_MS = 5_000;

/** Messages of a tick that has enough jobs for them, so that all workers get a share. */
const MIN_MESSAGES = 100;

/** Time from the claim of a tick, when the autoscaler is called, to its first message, in milliseconds. */
const ENQUEUE_MS = 500;

/** Maximum time of a change, after which the next decision may follow, in milliseconds. */
const CHANGE_MS = 120_000;

/** Time within which an autoscaler dies that dies during its change, in milliseconds. */
const DEATH_MS = 20_000;

/** What goes wrong, besides the control plane. */
export interface Conditions extends ControlPlaneConditions {
  /** Share of figures that cannot be read, in percent. */
  missingPercent: number;
  /** Maximum time from the reading of the figures to the decision, in milliseconds. */
  lateMs: number;
  /** Share of decisions that are not made, in percent. */
  lostDecisionPercent: number;
  /** Share of changes during which the autoscaler dies, in percent. */
  deathPercent: number;
  /** By which share the duration of a batch deviates. */
  batchDeviation: number;
  /** Jobs per second whose results Elasticsearch can take; more make all batches slower. */
  resultsPerSecond: number;
}

export const GOOD_CONDITIONS: Conditions = {
  callMs: 200,
  mappingUpdateMs: 30_000,
  callFailurePercent: 0,
  missingPercent: 0,
  lateMs: 0,
  lostDecisionPercent: 0,
  deathPercent: 0,
  batchDeviation: 0.2,
  resultsPerSecond: Number.POSITIVE_INFINITY,
};

export interface Scenario {
  seed: number;
  load: Load;
  hours: number;
  workersAtStart: number;
  visibilityMs: number;
  conditions: Conditions;
}

/** A tick, and how long its jobs took from the time when it was due. */
export interface TickTrace {
  dueAt: number;
  jobs: number;
  /** Absent if jobs are pending at the end. */
  drainMs?: number;
}

export interface Sample {
  at: number;
  reserved: number;
  running: number;
  backlog: number;
}

/** What happened. Times are milliseconds since the start. */
export interface Trace {
  ticks: TickTrace[];
  /** Every five seconds. */
  samples: Sample[];
  /** What was known, and the number of workers that was decided. */
  decisions: { figures: View['figures']; workers: number | undefined }[];
  /** Minutes of reserved workers, and of workers that processed a batch. */
  workerMinutes: number;
  busyMinutes: number;
  throttles: number;
  maxReceives: number;
}

/** Runs a load for some virtual hours, with a scaler that decides on the number of workers. */
export async function simulate(scenario: Scenario, scaler: Scaler, apply = applyScaling): Promise<Trace> {
  const { load, conditions, hours, workersAtStart, visibilityMs } = scenario;
  const events = new Events();
  const random = new Random(scenario.seed);
  const timing = new ObservedTiming();
  const queue = new JobsQueue(events);
  const consumer = new ConsumerFunction(events, workersAtStart, batchMs);
  const maximum = mappingMaximumOf(workersAtStart);
  const mapping = new EventSourceMapping({ events, queue, consumer, maximum, visibilityMs, processed });
  const plane = new ControlPlane({ events, random, consumer, mapping, conditions });
  const trace: Trace = {
    ticks: [],
    samples: [],
    decisions: [],
    workerMinutes: 0,
    busyMinutes: 0,
    throttles: 0,
    maxReceives: 0,
  };
  const pending: number[] = [];
  let backlog = 0;
  let isScaling = false;
  let scaleAgain = false;

  events.every(load.periodMs, 0, fireTick);
  events.every(scaler.everyMs, random.next() * scaler.everyMs, scale);
  events.every(SAMPLE_MS, 0, sample);
  await events.runUntil(hours * HOUR_MS);
  return { ...trace, throttles: consumer.throttles, maxReceives: queue.maxReceives };

  function batchMs(batch: readonly Message[]): number {
    const jobMs = load.jobMs(events.now);
    const workMs = (jobsOf(batch) * jobMs) / load.jobConcurrency;
    const wanted = (consumer.running * load.jobConcurrency * 1_000) / jobMs;
    const slowness = Math.max(1, wanted / conditions.resultsPerSecond);
    return Math.max(jobMs, workMs) * slowness * random.around(conditions.batchDeviation);
  }

  function processed(batch: readonly Message[], durationMs: number): void {
    timing.add(jobsOf(batch), durationMs, load.jobMs(events.now), events.now);
    trace.busyMinutes += durationMs / 60_000;
    for (const { tick, jobs } of batch) {
      backlog -= jobs;
      const left = (pending[tick] ?? 0) - jobs;
      pending[tick] = left;
      const traced = trace.ticks[tick];
      if (left === 0 && traced) traced.drainMs = events.now - traced.dueAt;
    }
  }

  function fireTick(): void {
    const dueAt = events.now;
    const jobs = load.jobs(dueAt);
    const tick = trace.ticks.push({ dueAt, jobs, ...(jobs === 0 && { drainMs: 0 }) }) - 1;
    pending[tick] = jobs;
    if (load.pace === 'burst') backlog += jobs;
    if (scaler.atTicks) scale();
    const perMessage = jobsPerMessage(jobs);
    const messages = Math.ceil(jobs / perMessage);
    const spreadMs = load.pace === 'even' ? load.periodMs : 0;
    for (let at = 0; at < messages; at++) {
      const message = { tick, jobs: Math.min(perMessage, jobs - at * perMessage), receives: 0 };
      events.after(ENQUEUE_MS + (at / messages) * spreadMs, () => {
        if (load.pace === 'even') backlog += message.jobs;
        queue.send(message);
      });
    }
  }

  function jobsPerMessage(jobs: number): number {
    const inBatch = (PACKED_BATCH_MS * load.jobConcurrency) / load.jobMs(events.now);
    return Math.max(1, Math.floor(Math.min(inBatch / 10, jobs / MIN_MESSAGES)));
  }

  /** One decision at a time: another one waits for the end of the one before. */
  function scale(): void {
    if (isScaling) {
      scaleAgain = true;
      return;
    }
    if (random.percent(conditions.lostDecisionPercent)) return;
    isScaling = true;
    events.start(async () => {
      await decideAndApply();
      isScaling = false;
      if (!scaleAgain) return;
      scaleAgain = false;
      scale();
    });
  }

  async function decideAndApply(): Promise<void> {
    const view = { figures: readFigures(), depth: queue.approximateDepth() };
    if (conditions.lateMs > 0) await events.sleep(random.next() * conditions.lateMs);
    const workers = scaler.decide(view);
    const reserved = view.figures.workers;
    trace.decisions.push({ figures: view.figures, workers });
    if (workers === undefined || reserved === undefined) return;
    const deadline = events.now + CHANGE_MS;
    const diesAt = random.percent(conditions.deathPercent) ? events.now + random.next() * DEATH_MS : deadline;
    const waiting = { clock: () => events.now, sleep: (ms: number) => events.sleep(ms), deadline };
    await Promise.race([
      apply(plane.calledUntil(diesAt), reserved, workers, waiting).catch((error) => {
        if (!(error instanceof Refused)) throw error;
      }),
      events.sleep(CHANGE_MS),
    ]);
  }

  function readFigures(): View['figures'] {
    const read = timing.read(events.now);
    const isRead = () => !random.percent(conditions.missingPercent);
    return {
      now: events.now,
      ...(isRead() && { workers: consumer.reserved }),
      ...(isRead() && { backlog }),
      ...(read && isRead() && { workerMs: read.workerMs, jobMs: read.jobMs }),
      schedule: {
        x: load.jobs(events.now),
        periodMs: load.periodMs,
        nextTickAt: (Math.floor(events.now / load.periodMs) + 1) * load.periodMs,
        pace: load.pace,
      },
    };
  }

  function sample(): void {
    trace.samples.push({ at: events.now, reserved: consumer.reserved, running: consumer.running, backlog });
    trace.workerMinutes += (consumer.reserved * SAMPLE_MS) / 60_000;
  }
}

const jobsOf = (batch: readonly Message[]) => batch.reduce((sum, { jobs }) => sum + jobs, 0);
