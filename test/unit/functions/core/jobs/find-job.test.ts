import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, expect, test } from 'vitest';
import { SnapshotReader } from '../../../../../functions/core/items/snapshot.ts';
import { findJob } from '../../../../../functions/core/jobs/find-job.ts';
import { Unavailable } from '../../../../../functions/core/model/errors.ts';
import { cloudWithTick, failing, type InMemoryCloud } from '../../../../fixtures/in-memory-cloud.ts';
import { job, message, NOW, RUN } from '../../../../fixtures/ledger.ts';
import { MemoryBucket } from '../../../../fixtures/memory-bucket.ts';

const RULES = { maxAttempts: 2, backoff: { baseSeconds: 2, capSeconds: 60 } };
let cloud: InMemoryCloud;

beforeEach(async () => {
  cloud = await cloudWithTick();
});

const find = (jobId: number, change: object = {}) =>
  findJob(
    {
      table: cloud.table,
      items: new SnapshotReader(cloud.table, new MemoryBucket()),
      results: cloud.worker().results,
      ...change,
    },
    RULES,
    job(jobId),
    NOW,
  );
const second = { tick: 2, firstJob: job(101), dueAt: NOW + 300_000 };
const reads = () =>
  cloud.calls.filter((call) => call instanceof GetCommand || call instanceof QueryCommand).length;

test('shows a job with its document, and one that failed with its reason', async () => {
  await cloud.consume(cloud.worker({ job: failing(3) }), message());
  expect(await find(2)).toMatchObject({
    ...{ jobId: 2, runId: RUN, tick: 1, index: 1, count: 100, item: 2, state: 'processed' },
    message: { first: 1, last: 10 },
    document: { jobId: 2, output: 2, version: 'v1', workerId: 'worker' },
  });
  expect(await find(3)).toMatchObject({
    state: 'retrying',
    attempts: { failed: 1, reason: 'job 3' },
    document: null,
  });
  expect(await find(99)).toMatchObject({ state: 'waiting', item: 99 });
});

test('finds no job that no tick has claimed', async () => {
  expect(await find(101)).toBeUndefined();
  await cloud.claimTick({ ...second, claimed: 10, sent: 10 });
  expect(await find(200)).toMatchObject({ tick: 2, state: 'not enqueued' });
  expect(await find(201)).toBeUndefined();
});

test('shows the rest, with the reason, if Elasticsearch or S3 do not answer', async () => {
  const down = async () => Promise.reject(new Unavailable('results', new Error('down')));
  const results = { index: 'results', client: { mget: down } };
  const found = await find(2, { results });
  expect(found).toMatchObject({
    state: 'waiting',
    item: 2,
    problems: { document: expect.stringContaining('down') },
  });
  expect(found).not.toHaveProperty('document');

  cloud = await cloudWithTick();
  await cloud.claimTick({ ...second, items: { pass: 0, first: 0 } });
  const gone = await find(103);
  expect(gone).toMatchObject({
    pass: { pass: 0, position: 2 },
    problems: { item: expect.stringMatching(/gone/) },
  });
  expect(gone).not.toHaveProperty('item');
  const items = { entriesOf: () => Promise.reject(new Unavailable('items', new Error('down'))) };
  expect(await find(103, { items })).toMatchObject({
    tick: 2,
    problems: { item: expect.stringContaining('down') },
  });
});

test('finds the tick of a job among many with few reads', async () => {
  for (let tick = 2; tick <= 200; tick++)
    await cloud.claimTick({ tick, firstJob: job(tick * 100 - 99), dueAt: NOW + (tick - 1) * 300_000 });
  for (const jobId of [1, 100, 101, 9_950, 20_000]) {
    cloud.calls.length = 0;
    expect((await find(jobId))?.tick).toBe(Math.ceil(jobId / 100));
    expect(reads()).toBeLessThanOrEqual(12);
  }
});
