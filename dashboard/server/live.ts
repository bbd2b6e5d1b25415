import { setMaxListeners } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { FunctionName } from '../../cli/cloud/deployment.ts';
import type { LogLine } from '../../cli/cloud/log-line.ts';
import { warningsOf } from '../../cli/runs/findings.ts';
import { pendingOf, RateMeter } from '../../cli/runs/statistics.ts';
import type { Status } from '../../functions/status.ts';
import { pollingPerDay } from '../../plan/polling.ts';
import type { Batches, Line, LogFilter, Problem, RunCost, View } from '../protocol.ts';
import { KEPT_MS, RecentBatches } from './batches.ts';
import type { Cloud, LogSource } from './cloud.ts';
import { healthOf } from './health.ts';
import { FigureHistory } from './history.ts';
import { batchOf, decisionOf, gaugesOf } from './line-figures.ts';
import { LogFeed } from './log-feed.ts';
import { problemOf } from './problem.ts';

/** What a page that is visible receives. */
export interface Viewer {
  /** The interval that the page asks for, in seconds. */
  intervalSeconds: number;
  view(view: View): void;
  batches(batches: Batches): void;
}

/** Milliseconds between two readings of the logs. AWS shows an event seconds after it was written. */
const LOG_INTERVAL_MS = { local: 2_000, localstack: 2_000, aws: 5_000 };

/** Ticks of the past that are read: more than one per minute are not possible in the hour of the charts. */
const MAX_PAST_TICKS = 60;

/** The history that the logs and the ledger are read for, in milliseconds. */
const HISTORY_MS = 3_600_000;

/** After a longer pause, in milliseconds, the logs are not read from where the last reading ended. */
const MAX_PAUSE_MS = 120_000;

/** About how many lines of the past are read, and how many a worker writes per minute: a batch takes about 3 seconds. */
const MAX_PAST_LINES = 10_000;
const LINES_PER_WORKER_MINUTE = 20;

/**
 * Polls a deployment for all pages that are visible. Without any, it does not poll. Logs are read beside the polls, so that
 * a long history does not delay the first numbers.
 *
 *     viewers    ──┬── joins ────────┬── joins ───┬── last one leaves
 *     polls        ●     ●     ●     ●   ●   ●    │ (none)
 *     logs         ●────────●  ●     ●     ●      │ (none)
 */
export class Live {
  readonly #viewers = new Set<Viewer>();
  readonly #history = new FigureHistory();
  readonly #batches = new RecentBatches();
  readonly #meter = new RateMeter();
  readonly #feed = new LogFeed();
  readonly #closed = new AbortController();
  /** Ends the current pause between two polls. */
  #wake = new AbortController();
  #polling: Promise<void> | undefined;
  #readingLogs: Promise<void> | undefined;
  #logs: LogSource | undefined;
  /** When the logs were last read, in milliseconds since 1970. */
  #logsReadAt = 0;
  #last: { status: Status; at: number; jobsPerSecond: number | null } | undefined;
  #problem: Problem | undefined;
  #cost: RunCost | undefined;

  constructor(readonly cloud: Cloud) {
    // Each running request listens. Node.js warns above ten.
    setMaxListeners(0, this.#closed.signal);
  }

  /** Adds a page. @returns removes it */
  join(viewer: Viewer): () => void {
    this.#viewers.add(viewer);
    viewer.view(this.#view());
    viewer.batches(this.#batches.all());
    this.#wake.abort();
    this.start();
    return () => {
      this.#viewers.delete(viewer);
      if (this.#viewers.size === 0) this.#wake.abort();
    };
  }

  /** Starts what the pages need and does not run yet. */
  start(): void {
    if (this.#viewers.size > 0)
      this.#polling ??= this.#poll().finally(() => {
        this.#polling = undefined;
        if (this.#viewers.size > 0 && !this.#closed.signal.aborted) this.start();
      });
    this.#readingLogs ??= this.#readLogs().finally(() => {
      this.#readingLogs = undefined;
    });
  }

  /** Adds a page that shows logs. @returns removes it */
  joinLogs(filter: LogFilter, send: (lines: Line[]) => Promise<unknown>): () => void {
    const leave = this.#feed.join(filter, send);
    this.start();
    return leave;
  }

  /** Polls at once, e.g. after a change. */
  refresh(): void {
    this.#wake.abort();
  }

  close(): void {
    this.#closed.abort();
    this.#wake.abort();
  }

  async #poll(): Promise<void> {
    while (this.#viewers.size > 0 && !this.#closed.signal.aborted) {
      this.#wake = new AbortController();
      await this.#readStatus();
      const view = this.#view();
      for (const viewer of this.#viewers) viewer.view(view);
      const pause = { signal: this.#wake.signal };
      await setTimeout(this.#intervalSeconds * 1_000, undefined, pause).catch(() => {});
    }
  }

  async #readStatus(): Promise<void> {
    try {
      const status = await this.cloud.status(this.#closed.signal);
      const at = Date.now();
      const isOtherRun = this.#last?.status.runId !== status.runId;
      this.#history.addStatus(status, at);
      // The first numbers need not wait for the ticks of the past, nor for the price.
      if (isOtherRun) void this.#addTicks(status);
      const perMinute = this.#meter.sample(status.processed + status.failed, at);
      this.#last = { status, at, jobsPerSecond: perMinute === null ? null : perMinute / 60 };
      if (isOtherRun) this.#cost = undefined;
      void this.#price(status);
      this.#problem = undefined;
    } catch (error) {
      const problem = problemOf(this.cloud.explain(error));
      this.#problem = { ...problem, since: this.#problem?.since ?? Date.now() };
    }
  }

  async #price(status: Status): Promise<void> {
    const cost = await this.cloud.cost(this.#closed.signal, status);
    if (this.#last?.status.runId === status.runId) this.#cost = cost;
  }

  /** Fills the ticks of the last hour from the ledger. Without them, the chart has only those to come. */
  async #addTicks({ runId }: Status): Promise<void> {
    if (runId === null) return;
    const page = await this.cloud
      .ticks(this.#closed.signal, { runId, size: MAX_PAST_TICKS })
      .catch(() => undefined);
    if (this.#last?.status.runId !== runId) return;
    this.#history.addTicks(
      (page?.ticks ?? []).map(({ tick, claimedAt, count }) => ({
        tick,
        at: Date.parse(claimedAt),
        jobs: count,
      })),
    );
  }

  async #readLogs(): Promise<void> {
    const { signal } = this.#closed;
    while ((this.#viewers.size > 0 || this.#feed.hasViewers) && !signal.aborted) {
      // The number of workers decides how far back the logs can be read.
      if (this.#logs || this.#last || this.#viewers.size === 0) {
        await this.#readLines().catch(() => {
          // A failed poll tells the user. The reader goes on where it was.
        });
      }
      const pause = this.#logs ? LOG_INTERVAL_MS[this.cloud.about.target] : 100;
      await setTimeout(pause, undefined, { signal }).catch(() => {});
    }
  }

  async #readLines(): Promise<void> {
    const { signal } = this.#closed;
    const now = Date.now();
    // After a pause without pages there may be more lines than can be read.
    if (now - this.#logsReadAt > MAX_PAUSE_MS) this.#logs = undefined;
    if (!this.#logs) {
      const workers = Math.max(1, this.#last?.status.workers.length ?? 1);
      const pastMs = Math.min(HISTORY_MS, (MAX_PAST_LINES / (workers * LINES_PER_WORKER_MINUTE)) * 60_000);
      // The autoscaler has a line per minute, however many workers there are.
      if (pastMs < HISTORY_MS) await this.#readPast(now - HISTORY_MS, ['autoscaler']);
      this.#logs = this.cloud.logs(Math.max(now - pastMs, this.#logsReadAt));
    }
    const lines = await this.#logs.read(signal);
    this.#logsReadAt = now;
    this.#addLines(lines);
  }

  async #readPast(since: number, functions: FunctionName[]): Promise<void> {
    const lines = await this.cloud.logs(since, functions).read(this.#closed.signal);
    this.#history.addGauges(
      lines.flatMap((line) => gaugesOf(line) ?? []),
      Date.now(),
    );
    for (const line of lines) this.#addDecision(line);
  }

  #addLines(lines: readonly LogLine[]): void {
    const now = Date.now();
    const batches = lines.flatMap((line) => batchOf(line) ?? []);
    this.#history.addBatches(batches, now);
    this.#history.addGauges(
      lines.flatMap((line) => gaugesOf(line) ?? []),
      now,
    );
    for (const line of lines) this.#addDecision(line);
    this.#feed.add(lines, performance.now());
    if (batches.length === 0) return;
    const shown = batches
      .filter(({ to }) => to >= now - KEPT_MS)
      .map(({ jobs: _, waitMs: __, runMs: ___, ...batch }) => batch);
    this.#batches.add(shown, now);
    for (const viewer of this.#viewers) viewer.batches({ all: false, batches: shown });
  }

  #addDecision(line: LogLine): void {
    const decision = decisionOf(line);
    if (decision) this.#history.addDecision(decision);
  }

  get #intervalSeconds(): number {
    return Math.min(60, ...[...this.#viewers].map(({ intervalSeconds }) => intervalSeconds));
  }

  #view(): View {
    const now = Date.now();
    const { status, at, jobsPerSecond = null } = this.#last ?? {};
    const warnings = status ? warningsOf(status, now) : [];
    const pending = status ? pendingOf(status) : 0;
    const speed = jobsPerSecond || (status?.jobsPerSecond ?? 0);
    const intervalSeconds = this.#intervalSeconds;
    return {
      at: now,
      ...(status && at !== undefined && { status, statusAt: at }),
      health: healthOf({ status, jobsPerSecond, warnings, problem: this.#problem, now }),
      warnings,
      ...(this.#problem && { problem: this.#problem }),
      jobsPerSecond,
      drainMs: pending > 0 && speed > 0 ? (pending / speed) * 1_000 : null,
      history: this.#history.at(now),
      polling: {
        intervalSeconds,
        viewers: this.#viewers.size,
        ...(status && {
          dollarsPerDay: pollingPerDay({
            workers: status.workers.length,
            intervalSeconds,
            ticks: status.firedTicks,
          }),
        }),
      },
      ...(this.#cost && { cost: this.#cost }),
    };
  }
}
