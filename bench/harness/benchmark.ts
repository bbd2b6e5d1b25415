import type { Command } from 'commander';
import type { Machine } from '../../cli/runs/machine.ts';
import type { Step } from '../../local/base/steps.ts';
import type { OwnCloud } from './own-cloud.ts';

/** One line of figures, as `--json` prints it and docs/benchmarks.json keeps it. */
export interface Row {
  /** The name of the benchmark. */
  benchmark: string;
}

/** One benchmark: `npm run bench -- NAME`. */
export interface Benchmark<Options extends object = object, Measured extends Row = Row> {
  /** One word. */
  readonly name: string;
  /** The question that the benchmark answers: the heading of its section. */
  readonly question: string;
  /** What is measured, and how. Markdown, for the page. */
  readonly method: string;
  /** It takes long: it runs only if it is named, and measures once. */
  readonly once?: boolean;
  /** Adds the benchmark's own options. Each needs a default, because `npm run bench` gives none. */
  register?(command: Command): void;
  /** Measures. */
  run(context: Context<Options>): Promise<Measured[]>;
  /** Presents figures, new or recorded. Pure. Remarks are computed from the figures, so the two always agree. */
  section(rows: Measured[]): Section;
}

/** Paragraphs of Markdown and tables, in the order in which they are read. */
export type Section = readonly (string | Table)[];

/** A table. The first column is text, the others are numbers. */
export interface Table {
  readonly title?: string;
  readonly heads: readonly string[];
  readonly rows: readonly string[][];
}

/** A table with one line per row. @param columns each column's head, and its cell for a row */
export function tableOf<One>(
  rows: readonly One[],
  columns: { [head: string]: (row: One) => string },
  title?: string,
): Table {
  const cells = Object.values(columns);
  return {
    ...(title !== undefined && { title }),
    heads: Object.keys(columns),
    rows: rows.map((row) => cells.map((cell) => cell(row))),
  };
}

/** What a benchmark runs with. */
export interface Context<Options extends object = object> {
  readonly options: Options;
  /** How many times everything is measured; at least 1. */
  readonly rounds: number;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Prints a line on stderr. */
  progress(line: string): void;
  /** Shows a long step on stderr while it runs. */
  readonly step: Step;
  /** The benchmarks' own local cloud. The first call starts it; it stops after the last benchmark. */
  cloud(): Promise<OwnCloud>;
  /** Runs `cleanUp` when the benchmark ends, in any way. The last one registered runs first. */
  atEnd(cleanUp: () => Promise<unknown>): void;
  /** Records the version of a program that the figures depend on. */
  uses(program: string, version: string): void;
  /** Adds a plot, as SVG, which `--write` stores as docs/plots/NAME.svg. */
  draws(name: string, svg: string): void;
}

/** The last run of a benchmark: its figures, and what a reader needs to understand and repeat them. */
export interface Record {
  benchmark: string;
  /** When it ended, ISO 8601. */
  date: string;
  /** The command that repeats it. */
  command: string;
  rounds: number;
  machine: Machine;
  versions: { [program: string]: string };
  /** What has changed since, written by hand. The next run removes it. */
  note?: string;
  rows: Row[];
}
