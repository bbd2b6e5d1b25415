import { setTimeout } from 'node:timers/promises';
import { warningsOf } from '../../cli/runs/findings.ts';
import { pendingOf } from '../../cli/runs/statistics.ts';
import type { Status } from '../../functions/status.ts';
import type { Batches, Problem, View } from '../protocol.ts';
import type { Cloud } from './cloud.ts';
import { healthOf } from './health.ts';
import { FigureHistory } from './history.ts';
import { problemOf } from './problem.ts';

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
