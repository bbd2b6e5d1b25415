import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FoundDeadLetter } from '../../functions/core/jobs/find-dead-letters.ts';
import type { DeadLetter } from '../../functions/core/queue/dead-letter.ts';
import { WAYS } from './jobs/faulty.ts';
import {
  deployDefaults,
  deployed,
  deployOwnSettings,
  drained,
  elasticsearch,
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
const find = (query: string, ...more: string[]) =>
  runJson<FoundDeadLetter[]>('dead-letters', 'list', '--query', query, ...more);

/** Waits until a search finds this many dead letters: searches find a change after the index's next refresh. */
const found = (query: string, many: number) =>
  until(
    () => find(query),
    ({ length }) => length === many,
  );

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

  test('are found by their content: by words of the reason, item, run and attempts', async () => {
    const { runId } = await status();
    expect((await found('*', FAILING)).every(({ state }) => state === 'dead')).toBe(true);
    const gone = await find('reason:customer');
    expect(gone).toHaveLength(2);
    for (const { jobId, item, ...rest } of gone) {
      expect([jobId % WAYS, item]).toEqual([0, jobId]);
      expect(rest).toMatchObject({
        ...{ runId, tick: 1, attempts: 1, permanent: true, state: 'dead' },
        reason: 'PermanentError: this customer is gone',
      });
    }
    const [{ jobId } = { jobId: 0 }] = gone;
    expect((await find(`item:${jobId}`, '--run', String(runId))).map((one) => one.jobId)).toEqual([jobId]);
    expect(await find('attempts:3 AND reason:"says no"')).toHaveLength(2);
    expect(await find('*', '--run', '20200101-000000-aaaa')).toEqual([]);
    const [shown, none, wrong] = await Promise.all(
      ['reason:customer', 'reason:nothing', 'item:(1'].map((query) =>
        run('dead-letters', 'list', '--query', query),
      ),
    );
    expect(shown?.stdout).toMatch(/^Job .*State\n( +\d+ .* dead\n){2}\n2 dead letters\.\n/);
    expect(none?.stdout).toMatch(/No dead letter matches/);
    expect([wrong?.code, wrong?.stderr]).toEqual([2, expect.stringMatching(/Failed to parse query/)]);
  });

  test('are deleted if a search finds them, and stay counted as failed', async () => {
    const words = ['dead-letters', 'purge', '--yes', '--query'];
    expect(await runJson(...words, 'reason:"a string"')).toMatchObject({ purged: 2, kept: 0, newer: 0 });
    expect(await runJson(...words, 'reason:nothing')).toEqual({ purged: 0 });
    expect(await list()).toHaveLength(FAILING - 2);
    await found('*', FAILING - 2);
    expect(await status()).toMatchObject({ failed: FAILING });
  });

  test('move from failed to processed, counted once, when a retry succeeds', async () => {
    await deployed();
    const retried = await runJson('dead-letters', 'retry', '--query', 'reason:customer');
    expect(retried).toMatchObject({ sent: 2, unsent: 0, missing: 0 });
    await until(status, ({ failed }) => failed === FAILING - 2);
    // What is processed is no longer found, and the others still are.
    const left = await found('*', FAILING - 4);
    expect(left.some(({ reason }) => reason.includes('customer'))).toBe(false);
    expect((await run('dead-letters', 'retry', '--all')).code).toBe(0);
    const end = await until(status, ({ failed }) => failed === 2, 60);
    expect(end).toMatchObject({ enqueued: JOBS, processed: JOBS - 2, queue: { deadLetters: 0 } });
    expect(await verify()).toMatchObject({ ok: true, documents: JOBS - 2, duplicates: 0 });
    await found('*', 0);
  });

  test('are no longer found when all are deleted, and one that is out of date says so', async () => {
    const { runId } = await status();
    const at = new Date(Date.now() - 60_000).toISOString();
    const times = { firstFailedAt: at, lastFailedAt: at, givenUpAt: at };
    const stale = { jobId: 1e9, runId, tick: 1, message: { first: 1e9, last: 1e9 }, reason: 'old', ...times };
    await elasticsearch(`${await output('Index')}.dead-letters/_doc/${stale.jobId}`, stale, 'PUT');
    expect(await found('*', 1)).toMatchObject([{ jobId: stale.jobId, state: 'processed' }]);
    const QueueUrl = await output('DeadLetterQueueUrl');
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'not JSON' }));
    expect(await runJson('dead-letters', 'purge', '--yes')).toEqual({ purged: 1, kept: 0, newer: 0 });
    expect([await find('*'), await list()]).toEqual([[], []]);
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
