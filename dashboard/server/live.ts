import { setTimeout } from 'node:timers/promises';
import { warningsOf } from '../../cli/runs/findings.ts';
import { pendingOf } from '../../cli/runs/statistics.ts';
import type { Status } from '../../functions/status.ts';
import type { Batches, Line, LogFilter, Problem, View } from '../protocol.ts';
import type { Cloud } from './cloud.ts';
import { healthOf } from './health.ts';
import { FigureHistory } from './history.ts';
import { LogFeed } from './log-feed.ts';
import { problemOf } from './problem.ts';

/** Milliseconds between two readings of the logs, and how far back the first one goes. */
const LOG_INTERVAL_MS = 2_000;
const LOG_HISTORY_MS = 3_600_000;

/** What a page that is visible receives. */
export interface Viewer {
  /** The interval that the page asks for, in seconds. */
  intervalSeconds: number;
  view(view: View): void;
  batches(batches: Batches): void;
}

/**
 * Polls a deployment for all pages that are visible. Without any, it does not poll.
 *
 *     viewers    ──┬── joins ────────┬── joins ───┬── last one leaves
 *     polls        ●     ●     ●     ●   ●   ●    │ (none)
 */
export class Live {
  readonly #viewers = new Set<Viewer>();
  readonly #history = new FigureHistory();
  readonly #closed = new AbortController();
  /** Ends the current pause between two polls. */
  #wake = new AbortController();
  #polling: Promise<void> | undefined;
  #last: { status: Status; at: number } | undefined;
  #problem: Problem | undefined;
  readonly #logFeed = new LogFeed();
  #logReader: ReturnType<Cloud['logs']> | undefined;
  #readingLogs: Promise<void> | undefined;

  constructor(readonly cloud: Cloud) {}

  /** Adds a page. @returns removes it */
  join(viewer: Viewer): () => void {
    this.#viewers.add(viewer);
    viewer.view(this.#view());
    this.#wake.abort();
    this.#polling ??= this.#poll().finally(() => {
      this.#polling = undefined;
    });
    return () => {
      this.#viewers.delete(viewer);
      if (this.#viewers.size === 0) this.#wake.abort();
    };
  }

  /** Adds a page that shows logs. @returns removes it */
  joinLogs(filter: LogFilter, send: (lines: Line[]) => Promise<unknown>): () => void {
    const leave = this.#logFeed.join(filter, send);
    this.#readingLogs ??= this.#readLogs().finally(() => {
      this.#readingLogs = undefined;
    });
    return leave;
  }

  async #readLogs(): Promise<void> {
    const { signal } = this.#closed;
    while (this.#logFeed.hasViewers && !signal.aborted) {
      this.#logReader ??= this.cloud.logs(Date.now() - LOG_HISTORY_MS);
      // A failure is the poll's to report. The next reading returns the lines of both.
      const lines = await this.#logReader.read(signal).catch(() => undefined);
      if (lines) this.#logFeed.add(lines, performance.now());
      await setTimeout(LOG_INTERVAL_MS, undefined, { signal }).catch(() => {});
    }
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
      await this.#read();
      const view = this.#view();
      for (const viewer of this.#viewers) viewer.view(view);
      await setTimeout(this.#intervalSeconds * 1_000, undefined, { signal: this.#wake.signal }).catch(
        () => {},
      );
    }
  }

  async #read(): Promise<void> {
    try {
      const status = await this.cloud.status(this.#closed.signal);
      const at = Date.now();
      this.#history.add(status, at);
      this.#last = { status, at };
      this.#problem = undefined;
    } catch (error) {
      const problem = problemOf(this.cloud.explain(error));
      this.#problem = { ...problem, since: this.#problem?.since ?? Date.now() };
    }
  }

  get #intervalSeconds(): number {
    return Math.min(60, ...[...this.#viewers].map(({ intervalSeconds }) => intervalSeconds));
  }

  #view(): View {
    const now = Date.now();
    const status = this.#last?.status;
    const warnings = status ? warningsOf(status, now) : [];
    const jobsPerSecond = status?.jobsPerSecond ?? null;
    const pending = status ? pendingOf(status) : 0;
    return {
      at: now,
      ...(this.#last && { status: this.#last.status, statusAt: this.#last.at }),
      health: healthOf(status, warnings, this.#problem),
      warnings,
      ...(this.#problem && { problem: this.#problem }),
      jobsPerSecond,
      drainMs: pending > 0 && jobsPerSecond ? (pending / jobsPerSecond) * 1_000 : null,
      history: this.#history.at(now),
      polling: { intervalSeconds: this.#intervalSeconds, viewers: this.#viewers.size },
    };
  }
}
