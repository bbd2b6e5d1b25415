import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeadLetter } from '../../functions/core/queue/dead-letter.ts';
import { BLOCKS, ENDS, EVERY } from './jobs/deadly.ts';
import {
  deployDefaults,
  deployed,
  deployOwnSettings,
  drained,
  run,
  runJson,
  start,
  status,
  stop,
  until,
  verify,
} from './system.ts';

const JOBS = EVERY;
const DEADLY = 2;

beforeAll(async () => {
  expect((await run('dead-letters', 'purge', '--yes')).code).toBe(0);
  await deployOwnSettings();
});

afterAll(async () => {
  await run('dead-letters', 'purge', '--yes');
  await deployDefaults();
});

test('a job that kills its worker becomes a dead letter, and the other jobs of its batch are processed', async () => {
  await start(JOBS);
  expect(await drained(JOBS, 240)).toMatchObject({ processed: JOBS - DEADLY, failed: DEADLY });
  await stop();
  expect(await verify()).toMatchObject({ ok: true, documents: JOBS - DEADLY, missing: { count: 0 } });
  const letters = await runJson<DeadLetter[]>('dead-letters', 'list');
  const ways = letters.map(({ jobId = 0 }) => jobId % EVERY).sort((a, b) => a - b);
  expect(ways).toEqual([ENDS, BLOCKS]);
  for (const letter of letters)
    expect(letter).toMatchObject({ attempts: 3, reason: expect.stringContaining('the worker died of it') });

  await deployed();
  expect((await run('dead-letters', 'retry', '--all')).code).toBe(0);
  expect(await until(status, ({ failed }) => failed === 0)).toMatchObject({ processed: JOBS });
  expect(await verify()).toMatchObject({ ok: true, documents: JOBS, duplicates: 0 });
});
