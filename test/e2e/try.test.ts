import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ended } from './command.ts';
import { run, target } from './system.ts';
import { testIf } from './test-if.ts';

/** Job files as a user would write them, without the imports: they are in no project. */
const JOBS = {
  'numbered.mjs': `export default {
    output: 'long',
    async run(jobId, { log, index, count }) {
      log.info('squaring', { index, count });
      console.log('a line on stdout');
      return jobId * jobId;
    },
  };`,
  'listed.mjs': `export default {
    items: { async read(cursor = 0) { return { items: [{ id: 'c' + cursor }], next: cursor + 1 }; } },
    output: { place: 'ip' },
    run: ({ id }) => ({ place: id === 'c2' ? '10.0.0.1' : id }),
  };`,
  'failing.mjs': `export default { async run() { throw new Error('the other side says no'); } };`,
  'wrong-type.ts': `const seconds: number = 'ten';\nexport default { run: () => seconds };\n`,
  'wrong-mapping.mjs': `export default {
    output: { place: { type: 'dense_vector', dims: 100_000 } },
    run: () => ({ place: [1] }),
  };`,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drumline-jobs-'));
  for (const [name, text] of Object.entries(JOBS)) await writeFile(join(folder, name), text);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const file = (name: keyof typeof JOBS) => join(folder, name);

async function tryOut(name: keyof typeof JOBS, ...more: string[]): Promise<Ended & { report: unknown }> {
  const ended = await run('try', '--job', file(name), '--json', ...more);
  return { ...ended, report: JSON.parse(ended.stdout) };
}

test('a numbered job is tried, and what it prints stays apart from the result', async () => {
  const { code, report, stderr } = await tryOut('numbered.mjs', '--index', '17');
  expect(report).toMatchObject({
    ok: true,
    jobId: 18,
    item: 18,
    output: 324,
    log: [{ level: 'INFO', message: 'squaring', index: 17, count: 18 }],
    stored: { ok: true },
  });
  expect(code).toBe(0);
  expect(stderr).toMatch(/squaring.*a line on stdout/s);
});

test.each([
  ['2', 0, { item: { id: 'c2' }, ok: true, output: { place: '10.0.0.1' } }],
  [
    '3',
    1,
    { item: { id: 'c3' }, ok: false, stored: { ok: false, problems: [expect.stringContaining('c3')] } },
  ],
])(
  'the item %s of a list without an end is tried, and its output is checked',
  async (index, code, expected) => {
    const tried = await tryOut('listed.mjs', '--index', index);
    expect(tried.report).toMatchObject(expected);
    expect(tried.code).toBe(code);
  },
);

test('a job that fails ends with exit code 1 and its reason', async () => {
  const { code, report } = await tryOut('failing.mjs', '--item', '{"id":"c-17"}');
  expect(report).toMatchObject({
    ok: false,
    item: { id: 'c-17' },
    error: { code: 'job_failed', message: 'the other side says no', permanent: false },
  });
  expect(code).toBe(1);
});

test('a type error ends a deployment before it begins, with file, line and column', async () => {
  const { code, stderr } = await run('deploy', '-c', `jobFile=${file('wrong-type.ts')}`);
  expect(code).toBe(1);
  expect(stderr).toMatch(/wrong-type\.ts:1:7: TS2322: .*not assignable/);
  expect(stderr).not.toContain('Deploying');
});

testIf(target.name === 'local', 'Elasticsearch may not be reachable from here')(
  'a mapping that Elasticsearch refuses ends a deployment before it begins',
  async () => {
    const wrong = ['-c', `jobFile=${file('wrong-mapping.mjs')}`, '-c', 'index=unused'];
    const { code, stderr } = await run('deploy', ...wrong);
    expect(code).toBe(1);
    expect(stderr).toMatch(/refuses the mapping.*dimensions/);
    expect(stderr).not.toContain('Deploying');
  },
);
