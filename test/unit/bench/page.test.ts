import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BENCHMARKS } from '../../../bench/benchmarks/all.ts';
import { page, sectionText } from '../../../bench/harness/page.ts';
import { writeRecord } from '../../../bench/harness/record.ts';
import { PROJECT } from '../../../infra-cdk/settings/settings.ts';
import { record, size, speed, speedRow } from './samples.ts';

const benchmarks = [speed, size];

/** `npx vitest run --project unit test/unit/bench -u` renders it again. */
test('docs/benchmarks.md is rendered from docs/benchmarks.json', async () => {
  const records = JSON.parse(await readFile(join(PROJECT, 'docs/benchmarks.json'), 'utf8'));
  await expect(page(records, BENCHMARKS)).toMatchFileSnapshot(join(PROJECT, 'docs/benchmarks.md'));
});

test('a page says what was measured, how, on which machine and with which command', () => {
  const text = page([{ ...record('speed', [speedRow(41_000)]), note: 'Faster since.' }], benchmarks);
  for (const part of [
    '## How fast is it?',
    '| all | 41,000 (40,999–41,001) |',
    '*Measured on 2026-11-24 ([how](#speed)). Faster since.*',
    'Jobs run as fast as they can.',
    '- Command: `npm run bench:speed`, 3 rounds, 2026-11-24',
    '- Machine: 2 cores (Z80), 24 GiB, linux x64, Node.js 20.19.0',
    '- Versions: Elasticsearch 8.19.21',
  ])
    expect(text).toContain(part);
  expect(text).not.toContain('## How big is it?');
  expect(sectionText(speed.section([speedRow(41_000)]))).toContain('41,000 (40,999–41,001)');
});

test('a new record replaces the one of its benchmark and keeps the others; its plots are stored', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'drumline-bench-'));
  try {
    const [before, sizes] = [record('speed', [speedRow(1_000)]), record('size', [{ benchmark: 'size' }])];
    await writeFile(join(folder, 'benchmarks.json'), JSON.stringify([before, sizes]));
    const after = record('speed', [speedRow(2_000)], '2026-11-25T10:00:00.000Z');
    await writeRecord(after, benchmarks, { speed: '<svg/>' }, folder);
    expect(await readFile(join(folder, 'plots/speed.svg'), 'utf8')).toBe('<svg/>');
    const text = await readFile(join(folder, 'benchmarks.md'), 'utf8');
    expect(text).toContain('2,000');
    expect(text).not.toContain('1,000');
    expect(text.indexOf('How fast is it?')).toBeLessThan(text.indexOf('How big is it?'));
    expect(JSON.parse(await readFile(join(folder, 'benchmarks.json'), 'utf8'))).toEqual([sizes, after]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
