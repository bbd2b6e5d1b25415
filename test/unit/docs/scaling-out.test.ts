import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Context } from '../../../bench/benchmark.ts';
import { type Options, scaleOut } from '../../../bench/scale-out/benchmark.ts';
import { overview } from '../../../bench/scale-out/section.ts';
import { markdownTable } from '../../../cli/terminal/table.ts';
import { PROJECT } from '../../../infra-cdk/settings/settings.ts';

const FILE = join(PROJECT, 'docs', 'scaling-out.md');

/** Written anew by `npx vitest run --project unit test/unit/docs -u`. */
test('docs/scaling-out.md shows what the simulation says', async () => {
  const options: Options = { jobs: 1_000_000, workers: [10, 100, 1_000], workMs: [0, 100], seed: 1 };
  const rows = await scaleOut.run({ options } as Context<Options>);
  const tables = options.workMs.map((workMs) => {
    const { title, heads, rows: lines } = overview(rows.filter((row) => row.workMs === workMs));
    return `### ${title}\n\n${markdownTable(heads, lines)}\n\n`;
  });
  const text = readFileSync(FILE, 'utf8');
  const [from, to] = [text.indexOf('### '), text.indexOf('The same with the workers')];
  expect(from).toBeGreaterThan(0);
  await expect(text.slice(0, from) + tables.join('') + text.slice(to)).toMatchFileSnapshot(FILE);
});
