import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import type { Benchmark, Record } from './benchmark.ts';
import { page } from './page.ts';

/**
 * Replaces the record of one benchmark in benchmarks.json, stores its plots, and renders benchmarks.md from all records.
 * @param plots SVG by name
 * @param folder holds both files, and the folder `plots`
 */
export async function writeRecord(
  record: Record,
  benchmarks: readonly Benchmark[],
  plots: { readonly [name: string]: string } = {},
  folder = join(PROJECT, 'docs'),
): Promise<void> {
  const file = join(folder, 'benchmarks.json');
  const before = JSON.parse(await readFile(file, 'utf8')) as Record[];
  const records = [...before.filter(({ benchmark }) => benchmark !== record.benchmark), record];
  await mkdir(join(folder, 'plots'), { recursive: true });
  for (const [name, svg] of Object.entries(plots)) await writeFile(join(folder, 'plots', `${name}.svg`), svg);
  await writeFile(file, `${JSON.stringify(records, null, 2)}\n`);
  await writeFile(join(folder, 'benchmarks.md'), page(records, benchmarks));
}
