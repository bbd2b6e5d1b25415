import { expect } from 'vitest';
import { inspect } from '../../../local/cloud.ts';
import { deployWith } from '../stages.ts';
import {
  drained,
  elasticsearch,
  home,
  output,
  run,
  runJson,
  start,
  status,
  stop,
  target,
  verify,
} from '../system.ts';
import { testIf } from '../test-if.ts';

const test = testIf(target.name === 'local', 'it kills the local cloud’s emulator');

test("the loss of the emulator's state is reported once, and the next deployment starts clean", async () => {
  await start(100);
  await drained(100);
  await stop();
  const index = await output('Index');
  await elasticsearch(`${index}/_refresh`, undefined, 'POST');
  const { count: before } = await elasticsearch<{ count: number }>(`${index}/_count`);
  expect(before).toBeGreaterThanOrEqual(100);

  const { emulator } = await inspect(home);
  if (!emulator.running) throw new Error('the emulator does not run');
  process.kill(emulator.pid, 'SIGKILL');

  const { lost } = await runJson<{ lost?: string }>('up');
  expect(lost).toMatch(/ledger.*queue.*deployment.*lost/);
  expect(await runJson('up')).not.toHaveProperty('lost');
  const undeployed = await run('status');
  expect(undeployed.code).toBe(1);
  expect(undeployed.stderr).toMatch(/npx drumline deploy/);

  expect((await run(...deployWith())).code).toBe(0);
  expect(await status()).toMatchObject({ running: false, runId: null, enqueued: 0 });
  // The new ledger would start its jobIds at 1 if Elasticsearch had not kept documents.
  await start(100);
  await drained(100);
  await stop();
  expect(await verify()).toMatchObject({ ok: true, processed: 100, documents: 100, duplicates: 0 });
  const { count: after } = await elasticsearch<{ count: number }>(`${index}/_count`);
  expect(after).toBe(before + 100);
});
