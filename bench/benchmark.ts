import type { Command } from 'commander';
import type { Align } from '../cli/terminal/table.ts';
import type { Step } from '../local/steps.ts';
import type { Chart } from './chart.ts';
import type { Figure } from './figure.ts';
import type { OwnCloud } from './own-cloud.ts';

/** The systems that are compared: ours, the old one rebuilt, BullMQ, and what an AWS engineer would write first. */
export type System = 'drumline' | 'seed' | 'bullmq' | 'powertools';

/** One line of figures, as `--json` gives it and docs/benchmarks.json keeps it. */
export interface Row {
  /** The benchmark's name. */
  benchmark: string;
  system?: System;
  workers?: number;
  /** How long a job waits, in milliseconds, to stand for I/O. */
  workMs?: number;
  /** What decides the figures besides. */
  settings?: Record<string, string | number | boolean>;
}

/** A line of a throughput benchmark. */
export interface ThroughputRow extends Row {
  system: System;
  workers: number;
  workMs: number;
  settings: Record<string, string | number | boolean>;
  jobsPerMinute: Figure;
}

/** A benchmark: one file, or one folder, of bench/. */
export interface Benchmark<Options extends object = object, Measured extends Row = Row> {
  /** One word: `npm run bench -- NAME`. */
  readonly name: string;
  readonly title: string;
  /** What is measured and how, in Markdown, for the page. */
  readonly about: string;
  /** Adds its own options to its command line; each needs a default, since it also runs along with others. */
  register?(command: Command): void;
  /** Measures. Figures only: what a person sees is made of them by `section`. */
  run(context: Context<Options>): Promise<Measured[]>;
  /** Makes tables and charts of the figures; also of those kept from earlier. Pure. */
  section(rows: Measured[]): Section;
}

/** What people see of a benchmark's figures, on the terminal and on the page. */
export interface Section {
  readonly tables: readonly SectionTable[];
  readonly charts: readonly Chart[];
  /** What the figures mean, in Markdown, for the page; made of the figures, so that it can't contradict them. */
  readonly remarks?: string;
}

export interface SectionTable {
  /** Left away where there is only one. */
  readonly title?: string;
  readonly heads: readonly string[];
  readonly aligns?: Align[];
  readonly rows: readonly string[][];
}

/** What a benchmark runs with. */
export interface Context<Options extends object = object> {
  readonly options: Options;
  /** How often everything is measured, in turn; at least 1. */
  readonly rounds: number;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Says a line on stderr. */
  progress(line: string): void;
  /** Shows a long piece of work as it runs, on stderr. */
  readonly step: Step;
  /** A local cloud of the benchmarks' own, started when it is first asked for and stopped after the last benchmark. */
  cloud(): Promise<OwnCloud>;
  /** Has this done when the benchmark ends, however it ends; the last one first. */
  atEnd(undo: () => Promise<unknown>): void;
  /** Notes a version that the figures depend on, for the page. */
  uses(program: string, version: string): void;
}
