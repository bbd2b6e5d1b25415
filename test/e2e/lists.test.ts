import {
  CreateSecretCommand,
  DeleteSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import type { DeadLetter } from '../../functions/core/queue/dead-letter.ts';
import { killFunction } from './kill-function.ts';
import { PAGE_ITEMS, type ServedList, serveList, TOKEN } from './served-list.ts';
import {
  aws,
  documentsOf,
  drained,
  invoke,
  run,
  runJson,
  start,
  status,
  stop,
  target,
  until,
  variableOf,
  verify,
} from './system.ts';
import { testIf } from './test-if.ts';

const test = testIf(target.name === 'local', 'the functions read the list from a server of the test');

const deadLetters = () => runJson<DeadLetter[]>('dead-letters', 'list');

/** Items whose content tells which version of the list they are from. */
const items = (count: number, version: number) => Array.from({ length: count }, (_, id) => ({ id, version }));

/** The items of a tick, as the documents of its jobs have them. */
async function itemsOfTick(runId: string, tick: number): Promise<unknown[]> {
  const documents = await documentsOf(runId);
  return documents.filter((document) => document.tick === tick).map(({ item }) => item);
}

/** The next tick of the run is due a minute after the last one. */
const everyMinute = () => invoke('control', { action: 'update', y: 1 });

let list: ServedList;

const secrets = new SecretsManagerClient(aws);
const SECRET = 'e2e/token';

beforeAll(async () => {
  if (target.name !== 'local') return;
  list = await serveList(await variableOf('reader', 'SOURCE'));
  await secrets.send(new CreateSecretCommand({ Name: SECRET, SecretString: TOKEN }));
});

beforeEach(async () => {
  list.status = 200;
  list.heldPage = undefined;
  list.refused.clear();
  list.requests.length = 0;
  await run('dead-letters', 'purge', '--yes');
});

afterAll(async () => {
  list?.close();
  if (target.name === 'local')
    await secrets.send(new DeleteSecretCommand({ SecretId: SECRET, ForceDeleteWithoutRecovery: true }));
});

test('each tick has all items as they are then, and a job that is retried has the item that it had', async () => {
  const misfit = { id: 'seven', version: 1 };
  const first = [...items(1_200, 1), misfit];
  list.items = first;
  list.refused.add(17);
  const { runId } = await start();
  // Further schedulers at the same time: the list is read once, and each job is sent once.
  await Promise.all(Array.from({ length: 4 }, () => invoke('scheduler')));
  await drained(1_201);
  expect(list.requests).toEqual([0, 500, 1_000]);
  expect(await status()).toMatchObject({
    pass: { number: 1, items: 1_201, invalid: { count: 1, first: { index: 1_200 } } },
  });
  expect(await itemsOfTick(runId, 1)).toEqual(items(1_200, 1).filter(({ id }) => id !== 17));
  const letters = (await deadLetters()).sort((a, b) => (a.jobId ?? 0) - (b.jobId ?? 0));
  expect(letters).toMatchObject([
    { reason: 'the work answers 503', attempts: 3, item: { id: 17, version: 1 } },
    { reason: expect.stringMatching(/does not fit its schema: id: .*number/), attempts: 1, item: misfit },
  ]);

  list.items = items(300, 2);
  await everyMinute();
  await until(status, ({ tick }) => tick >= 2, 130, 1_000);
  await stop();
  list.refused.clear();
  expect((await run('dead-letters', 'retry', String(letters[0]?.jobId))).code).toBe(0);
  await until(status, ({ processed, failed }) => processed === 1_500 && failed === 1, 120);
  expect(await itemsOfTick(runId, 1)).toEqual(items(1_200, 1));
  expect(await itemsOfTick(runId, 2)).toEqual(items(300, 2));
  expect(await verify()).toMatchObject({ ok: true, documents: 1_500, duplicates: 0 });
});

test('ticks of X jobs share a pass, and a reader that is killed in the middle leaves no half of it', async () => {
  list.items = items(1_200, 1);
  list.heldPage = 2 * PAGE_ITEMS;
  const { runId } = await start(700);
  await until(
    async () => list.requests,
    (requests) => requests.includes(2 * PAGE_ITEMS),
  );
  expect(await status()).toMatchObject({
    pass: { state: 'reading', items: 2 * PAGE_ITEMS },
    enqueued: 0,
    tick: 0,
  });
  expect(killFunction('reader')).toBeGreaterThan(0);
  list.heldPage = undefined;
  // The claim of the dead reader ends after half a minute. Then the rule's next event has another one read on.
  await until(status, ({ tick }) => tick === 1, 120, 1_000);
  expect(list.requests).toEqual([0, 500, 1_000, 1_000]);

  list.items = items(1_000, 2);
  await everyMinute();
  await until(status, ({ tick }) => tick >= 3, 180, 1_000);
  await stop();
  expect(await drained(1_900)).toMatchObject({
    processed: 1_900,
    failed: 0,
    pass: { number: 2, taken: 700 },
  });
  expect(await itemsOfTick(runId, 1)).toEqual(items(1_200, 1).slice(0, 700));
  expect(await itemsOfTick(runId, 2)).toEqual(items(1_200, 1).slice(700));
  expect(await itemsOfTick(runId, 3)).toEqual(items(1_000, 2).slice(0, 700));
  expect(await verify()).toMatchObject({ ok: true, documents: 1_900, duplicates: 0 });
});

test('a list that cannot be read is a missed tick, and the status names the reason', async () => {
  list.items = items(10, 1);
  list.status = 500;
  const { runId } = await start();
  const missed = await until(status, ({ missedTicks }) => missedTicks === 1, 60);
  const reason = 'the source answers 500 (5 attempts)';
  expect(missed).toMatchObject({ runId, enqueued: 0, firedTicks: 0, lastMiss: { tick: 1, reason } });
  expect((await run('status')).stdout).toContain(reason);
  expect(list.requests).toEqual([0, 0, 0, 0, 0]);
});

test('an empty list is a tick without jobs', async () => {
  list.items = [];
  const { runId } = await start();
  const fired = await until(status, ({ firedTicks }) => firedTicks === 1, 60);
  expect(fired).toMatchObject({ runId, enqueued: 0, missedTicks: 0, lastMiss: null, pass: { items: 0 } });
  await stop();
  expect(await verify()).toMatchObject({ ok: true, documents: 0 });
});
