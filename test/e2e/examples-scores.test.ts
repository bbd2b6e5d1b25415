import { expect, test } from 'vitest';
import job from '../../examples/scores/job.ts';
import { readUsage } from '../../examples/scores/usage.ts';
import { deployDefaults, deployOwnSettings, documentsOf, drained, start, stop, verify } from './system.ts';

test('all customers are scored, and the scores can be searched', async () => {
  await deployOwnSettings();
  const { runId } = await start();
  expect(await drained(1_000)).toMatchObject({ processed: 1_000, failed: 0 });
  await stop();
  expect(await verify()).toMatchObject({ ok: true, documents: 1_000 });
});
