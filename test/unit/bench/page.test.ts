import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { svg } from '../../../bench/chart.ts';
import { page, sectionText } from '../../../bench/page.ts';
import { keep } from '../../../bench/record.ts';
import { record, size, speed, speedRow } from './samples.ts';

const benchmarks = [speed, size];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drumline-bench-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a section says what was measured, how, on what and by which command', () => {
  const text = page([record('speed', [speedRow(41_000)])], benchmarks);
  for (const part of [
    '## How fast',
    'Jobs, as fast as they go.',
    '| Jobs/min |\n| ---: |\n| 41,000 (40,999–41,001) |',
    '![Speed](benchmarks/speed.svg)',
    '- Command: `npm run bench:speed`, 3 rounds, 2026-11-24',
    '- Machine: 2 cores (Z80), 24 GiB, linux x64, Node.js 20.19.0',
    '- Versions: Elasticsearch 8.19.21',
  ])
    expect(text).toContain(part);
  expect(text).not.toContain('## How big');
  expect(sectionText(speed.section([speedRow(41_000)]))).toContain('41,000 (40,999–41,001)');
});

test('renewing one benchmark leaves the others’ figures', async () => {
  await keep(
    [record('size', [{ benchmark: 'size' }]), record('speed', [speedRow(1_000)])],
    benchmarks,
    folder,
  );
  await writeFile(join(folder, 'benchmarks', 'gone.svg'), 'of a chart that is no longer drawn');
  await keep([record('speed', [speedRow(2_000)], '2026-11-25T10:00:00.000Z')], benchmarks, folder);
  const text = await readFile(join(folder, 'benchmarks.md'), 'utf8');
  expect(text).toContain('2,000');
  expect(text).not.toContain('1,000');
  expect(text).toContain('Small.');
  expect(text.indexOf('## How fast')).toBeLessThan(text.indexOf('## How big'));
  const kept = JSON.parse(await readFile(join(folder, 'benchmarks.json'), 'utf8'));
  expect(kept).toEqual([
    record('speed', [speedRow(2_000)], '2026-11-25T10:00:00.000Z'),
    record('size', [{ benchmark: 'size' }]),
  ]);
  expect(await readdir(join(folder, 'benchmarks'))).toEqual(['speed.svg']);
});

test('a chart is the same picture each time, without script or style', () => {
  const [chart] = speed.section([speedRow(41_000)]).charts;
  if (!chart) throw new Error('no chart');
  const picture = svg(chart);
  expect(svg(chart)).toBe(picture);
  expect(picture).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  expect(picture).not.toMatch(/<script|<style|class=/);
  for (const words of ['Speed', 'Workers', 'Jobs/min', 'us']) expect(picture).toContain(words);
});
