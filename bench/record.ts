import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from '../cli/runs/machine.ts';
import { PROJECT } from '../infra-cdk/settings/settings.ts';
import type { Benchmark, Row } from './benchmark.ts';
import { svg } from './chart.ts';
import { chartsOf, page } from './page.ts';

/** What a benchmark measured, and all that is needed to understand it later or to do it again. */
export interface Record {
  benchmark: string;
  /** When it ended, ISO 8601. */
  date: string;
  /** What was typed. */
  command: string;
  rounds: number;
  machine: Machine;
  versions: { [program: string]: string };
  rows: Row[];
}

const DOCS = join(PROJECT, 'docs');

/**
 * Keeps new records in the place of earlier ones of the same benchmarks, and renders page and charts from all that are
 * kept: docs/benchmarks.json, docs/benchmarks.md, docs/benchmarks/*.svg.
 */
export async function keep(
  records: readonly Record[],
  benchmarks: readonly Benchmark[],
  folder = DOCS,
): Promise<void> {
  const file = join(folder, 'benchmarks.json');
  const kept = merge(await read(file), records, benchmarks);
  const pictures = join(folder, 'benchmarks');
  await mkdir(pictures, { recursive: true });
  await writeFile(file, `${JSON.stringify(kept, null, 2)}\n`);
  await writeFile(join(folder, 'benchmarks.md'), page(kept, benchmarks));
  const charts = chartsOf(kept, benchmarks);
  for (const chart of charts) await writeFile(join(pictures, `${chart.name}.svg`), svg(chart));
  const names = new Set(charts.map(({ name }) => `${name}.svg`));
  for (const old of await readdir(pictures)) if (!names.has(old)) await rm(join(pictures, old));
}

/** The newest record of each benchmark that there is, in the benchmarks' order. */
export function merge(
  before: readonly Record[],
  after: readonly Record[],
  benchmarks: readonly Benchmark[],
): Record[] {
  return benchmarks.flatMap(({ name }) => {
    const newest = [...after, ...before].find(({ benchmark }) => benchmark === name);
    return newest ? [newest] : [];
  });
}

async function read(file: string): Promise<Record[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
