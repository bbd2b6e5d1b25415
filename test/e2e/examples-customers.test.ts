import { spawnSync } from 'node:child_process';
import { beforeAll, expect } from 'vitest';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import { PATIENT } from './stages.ts';
import { deployed, documentsOf, drained, environment, start, stop, target, verify } from './system.ts';
import { testIf } from './test-if.ts';

const test = testIf(target.name === 'local', 'its seed fills the local cloud');

/** What the orders of the seed add up to. */
const FIGURES = Array.from({ length: 1_000 }, (_, number) => ({
  name: `Customer ${number}`,
  orders: number % 3,
  revenue: [0, number, 2 * number + 1][number % 3],
}));

beforeAll(() => {
  if (target.name !== 'local') return;
  const seeded = spawnSync(process.execPath, ['--import', 'tsx', 'examples/customers/seed.ts'], {
    cwd: PROJECT,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
  });
  expect([seeded.status, seeded.stderr]).toEqual([0, expect.anything()]);
});

const outputsByName = async (runId: string) =>
  (await documentsOf(runId))
    .map(({ output }) => output as (typeof FIGURES)[number])
    .sort((a, b) => Number(a.name.slice(9)) - Number(b.name.slice(9)));

test('each customer has one document with the figures, from the table and from the file', async () => {
  for (const source of ['table', 'file']) {
    if (source === 'file') await deployed({ ...PATIENT, jobFile: 'examples/customers/job-from-file.ts' });
    const { runId } = await start();
    expect(await drained(1_000)).toMatchObject({ processed: 1_000, failed: 0 });
    await stop();
    expect(await outputsByName(runId)).toEqual(FIGURES);
    expect(await verify()).toMatchObject({ ok: true, documents: 1_000 });
  }
});
