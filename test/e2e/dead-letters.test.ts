import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeadLetter } from '../../functions/core/queue/dead-letter.ts';
import { WAYS } from './jobs/faulty.ts';
import {
  deployDefaults,
  deployed,
  deployOwnSettings,
  drained,
  messagesOfFirstTick,
  output,
  run,
  runJson,
  sqs,
  start,
  status,
  stop,
  until,
  verify,
} from './system.ts';

const JOBS = 2 * WAYS;
const FAILING = 2 * 7;

/** In bytes. LocalStack's limit is a quarter of AWS's limit. */
async function largestMessage(QueueUrl: string): Promise<number> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['MaximumMessageSize'] }),
  );
  return Number(Attributes?.MaximumMessageSize);
}

interface Shown {
  document: { version: string } | null;
  log: { message: string }[];
}

const list = () => runJson<DeadLetter[]>('dead-letters', 'list');

describe('jobs that fail', () => {
  beforeAll(async () => {
    expect((await run('dead-letters', 'purge', '--yes')).code).toBe(0);
    await deployOwnSettings();
    await start(JOBS);
    await drained(JOBS);
    await stop();
  });

  afterAll(async () => {
    await run('dead-letters', 'purge', '--yes');
    await deployDefaults();
  });

  test('are counted as failed, and other jobs are processed', async () => {
    expect(await status()).toMatchObject({ enqueued: JOBS, processed: JOBS - FAILING, failed: FAILING });
    expect(await verify()).toMatchObject({ ok: true, documents: JOBS - FAILING, missing: { count: 0 } });
  });

  test('become one dead letter each, with reason, attempts and times', async () => {
    const letters = await list();
    expect(new Set(letters.map(({ jobId }) => jobId)).size).toBe(FAILING);
    const reasonOf = (way: number) => letters.find(({ jobId }) => (jobId ?? 0) % WAYS === way);
    expect(reasonOf(0)).toMatchObject({ attempts: 1, reason: 'PermanentError: this customer is gone' });
    expect(reasonOf(1)).toMatchObject({ attempts: 3, reason: 'the other side says no' });
    expect(reasonOf(2)).toMatchObject({ attempts: 1, reason: expect.stringContaining('undefined') });
    expect(reasonOf(3)).toMatchObject({ attempts: 1, reason: expect.stringContaining('too large') });
    expect(reasonOf(4)).toMatchObject({
      attempts: 3,
      reason: expect.stringContaining('Elasticsearch refused'),
    });
    expect(reasonOf(5)).toMatchObject({ attempts: 3, reason: expect.stringContaining('not done within') });
    expect(reasonOf(6)).toMatchObject({ attempts: 3, reason: expect.stringContaining('a string') });
    for (const { firstFailedAt, lastFailedAt } of letters) {
      expect(Date.parse(lastFailedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(firstFailedAt ?? ''));
    }
  });

  test('are shown one by one, with item, state, attempts, document and log', async () => {
    const letters = await list();
    const failedJob = Math.min(...letters.flatMap(({ jobId = 0 }) => (jobId % WAYS === 1 ? [jobId] : [])));
    expect(letters.every(({ jobId, item }) => item === jobId)).toBe(true);
    const dead = await runJson<Shown>('job', String(failedJob));
    expect(dead).toMatchObject({
      ...{ jobId: failedJob, tick: 1, count: JOBS, item: failedJob, state: 'dead', document: null },
      attempts: { failed: 3, deaths: 0, reason: 'the other side says no', permanent: false },
    });
    const batches = dead.log.filter(({ message }) => message === 'batch');
    // Not one line per attempt: Lambda may end a batch that has counted its jobs, and not logged it yet, at its time limit.
    expect(batches.length).toBeGreaterThanOrEqual(1);
    const done = await runJson<Shown>('job', String(failedJob + 9));
    expect(done).toMatchObject({
      state: 'processed',
      item: failedJob + 9,
      document: { output: (failedJob + 9) ** 2 },
    });
    expect(done.document?.version).toMatch(/^[0-9a-f]{12}$/);
    expect(done).not.toHaveProperty('attempts');
    expect((await run('job', String(failedJob))).stdout).toMatch(
      /^Job +\d+ +dead\n[\s\S]*Reason +the other side says no\n/,
    );
    const unknown = await run('job', '999999999');
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringMatching(/There is no job 999999999\./)]);
  });

  test('leave their results to be found, as a table, JSON and CSV', async () => {
    const { runId } = await status();
    const query = ['results', '--run', String(runId), '--query'];
    await until(
      () => runJson<unknown[]>(...query, 'output:*'),
      (found) => found.length === JOBS - FAILING,
    );
    const [one] = await runJson<{ jobId: number; output: number }[]>(...query, 'tick:1', '--limit', '1');
    const exact = [...query, `output:${one?.output} AND workerId:worker-*`];
    expect(await runJson(...exact)).toEqual([one]);
    expect((await run(...exact, '--csv')).stdout.split('\n')).toEqual([
      Object.keys(one ?? {}).join(','),
      Object.values(one ?? {}).join(','),
      '',
    ]);
    expect((await run(...exact)).stdout).toMatch(
      new RegExp(`^Job .*Output\\n +${one?.jobId} [^]*\\n1 document\\.\\n$`),
    );
    expect((await run(...query, 'output:nothing')).stdout).toMatch(/No document matches/);
    const wrong = await run(...query, 'output:(1');
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringMatching(/Failed to parse query \[output:\(1\]/),
    ]);
  });

  test('move from failed to processed, counted once, when a retry succeeds', async () => {
    await deployed();
    expect((await run('dead-letters', 'retry', '--all')).code).toBe(0);
    const end = await until(status, ({ failed }) => failed === 0, 60);
    expect(end).toMatchObject({ enqueued: JOBS, processed: JOBS, failed: 0, queue: { deadLetters: 0 } });
    expect(await verify()).toMatchObject({ ok: true, documents: JOBS, duplicates: 0 });
  });
});

describe('malformed messages', () => {
  test('are kept unchanged with their reason, and count in no run', async () => {
    await run('dead-letters', 'purge', '--yes');
    const { runId } = await start(100);
    const before = await drained(100);
    const made = { v: 1, runId, tick: 1, first: 1, last: 10, enqueuedAt: Date.now() };
    const QueueUrl = await output('JobsQueueUrl');
    const bodies = [
      'not JSON',
      '[]',
      '{}',
      JSON.stringify({ ...made, v: 0 }),
      JSON.stringify({ ...made, v: 2, returned: { times: 1_000, notBefore: 0 } }),
      JSON.stringify({ ...made, tick: 7 }),
      JSON.stringify({ ...made, first: 1e9, last: 1e9 + 9 }),
      JSON.stringify({ ...made, runId: '20200101-000000-aaaa' }),
      JSON.stringify({ ...made, first: 'one' }),
      'x'.repeat(Math.min(1_000_000, await largestMessage(QueueUrl))),
    ];
    for (const MessageBody of bodies) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    await until(
      status,
      ({ queue }) => queue.deadLetters === bodies.length && queue.visible + queue.inFlight === 0,
      60,
    );
    const letters = await list();
    expect(letters).toHaveLength(bodies.length);
    for (const letter of letters)
      expect(letter).toMatchObject({ reason: expect.stringMatching(/^malformed: .{5}/) });
    expect(await status()).toMatchObject({ enqueued: 100, processed: before.processed, failed: 0 });

    // After an upgrade to a version that knows the format they are sent again, and are unchanged.
    expect((await run('dead-letters', 'retry', '--all', '--malformed')).code).toBe(0);
    await until(
      status,
      ({ queue }) => queue.deadLetters === bodies.length && queue.visible + queue.inFlight === 0,
      60,
    );
    const reasons = (all: { reason: string }[]) => all.map(({ reason }) => reason).sort();
    expect(reasons(await list())).toEqual(reasons(letters));
    await stop();
    expect(await verify()).toMatchObject({ ok: true });
    await run('dead-letters', 'purge', '--yes');
  });
});

test('a message that is delivered many times is counted once', async () => {
  const { runId } = await start(200);
  await drained(200);
  const seen = await verify();
  expect(seen.ok).toBe(true);
  const QueueUrl = await output('JobsQueueUrl');
  const messages = await messagesOfFirstTick(runId);
  for (let copy = 0; copy < 3; copy++) {
    for (const message of messages)
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(message) }));
  }
  await until(status, ({ queue }) => queue.visible + queue.inFlight + queue.delayed === 0, 60);
  expect(await status()).toMatchObject({
    enqueued: 200,
    processed: 200,
    failed: 0,
    queue: { deadLetters: 0 },
  });
  expect(await verify()).toMatchObject({ ok: true, documents: 200, duplicates: 0 });
  await stop();

  const ancient = { ...messages[0], enqueuedAt: 0 };
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(ancient) }));
  // Whatever age the message states: the ledger still has its record.
  await until(status, ({ queue }) => queue.visible + queue.inFlight + queue.delayed === 0, 60);
  expect(await list()).toEqual([]);
  expect(await verify()).toMatchObject({ ok: true, processed: 200 });
  await run('dead-letters', 'purge', '--yes');
});
