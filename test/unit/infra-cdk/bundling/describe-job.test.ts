import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { describeJob } from '../../../../infra-cdk/bundling/describe-job.ts';

const folder = mkdtempSync(join(tmpdir(), 'drumline-describe-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a job file outside of the project. */
function jobFile(name: string, ...lines: string[]): string {
  const file = join(folder, `${name}.ts`);
  writeFileSync(file, lines.join('\n'));
  return file;
}

const IMPORT = "import { defineJob, list } from '#drumline';";

describe('a job file', () => {
  test('is described, wherever it is, and again after a change', async () => {
    const first = jobFile('changes', IMPORT, 'export default defineJob({ run: () => 1 });');
    expect(await describeJob(first)).toMatchObject({ list: false });
    jobFile('changes', IMPORT, 'export default defineJob({ items: list([1]), run: (): number => 1 });');
    expect(await describeJob(first)).toMatchObject({ list: true });
    expect(await describeJob('functions/job.ts')).toMatchObject({ list: expect.any(Boolean) });
  });

  test.each([
    [
      'throws',
      ['const config = JSON.parse("{");', 'export default {};'],
      /^failed when it was imported: SyntaxError: .+ \(.+throws\.ts:1:21\)$/,
    ],
    [
      'rejects',
      ['', 'await Promise.reject(new Error("no\\nway"));'],
      /^failed when it was imported: Error: no \(.+rejects\.ts:2:22\)$/,
    ],
    ['text', ['throw "no";'], /^failed when it was imported: Error: no/],
    [
      'syntax',
      [IMPORT, 'export default defineJob({ run() { 1 1 } });'],
      /syntax\.ts:2:38: Expected ";" but found "1"$/,
    ],
    ['import', ['import "./nowhere.ts";'], /import\.ts:1:8: Could not resolve "\.\/nowhere\.ts"$/],
    ['nothing', ['export const job = 1;'], /^it has no job: /],
  ])('that %s fails with one sentence and its place', async (name, lines, message) => {
    const failed = describeJob(jobFile(name, ...lines));
    await expect(failed).rejects.toMatchObject({
      name: 'JobError',
      problems: [expect.stringMatching(message)],
    });
  });
});
