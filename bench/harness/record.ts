import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import type { Benchmark, Record } from './benchmark.ts';
import { page } from './page.ts';

/**
 * Replaces the record of one benchmark in benchmarks.json and renders benchmarks.md from all records.
 * @param folder holds both files
 */
export async function writeRecord(
  record: Record,
  benchmarks: readonly Benchmark[],
  folder = join(PROJECT, 'docs'),
): Promise<void> {
  const file = join(folder, 'benchmarks.json');
  const before = JSON.parse(await readFile(file, 'utf8')) as Record[];
  const records = [...before.filter(({ benchmark }) => benchmark !== record.benchmark), record];
  await writeFile(file, `${JSON.stringify(records, null, 2)}\n`);
  await writeFile(join(folder, 'benchmarks.md'), page(records, benchmarks));
}
