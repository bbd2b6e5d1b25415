import { afterEach, expect, test } from 'vitest';
import { drained, elasticsearch, run, start, status, stop, until, verify } from '../system.ts';

/** Memory limit of a request: Elasticsearch answers 429 above it, as it does when it is overloaded. */
const limitRequests = (limit: string | null) =>
  elasticsearch(
    '_cluster/settings',
    { persistent: { 'network.breaker.inflight_requests.limit': limit } },
    'PUT',
  );

afterEach(() => limitRequests(null));

test('messages return to the queue while Elasticsearch answers 429, and no attempt is spent', async () => {
  await run('dead-letters', 'purge', '--yes');
  await limitRequests('1kb');
  const { runId } = await start(400);
  // Each message has been delivered more often than a job may fail.
  const returned = await until(
    () => run('logs', 'consumer', '--filter', 'batch returned', '--since', '5m'),
    ({ stdout }) => stdout.split('\n').filter((line) => line.includes(runId)).length >= 30,
    180,
  );
  expect(returned.stdout).toMatch(/circuit_breaking_exception|429/);
  expect(await status()).toMatchObject({ enqueued: 400, processed: 0, failed: 0, queue: { deadLetters: 0 } });

  await limitRequests(null);
  await drained(400);
  await stop();
  expect(await verify()).toMatchObject({ ok: true, processed: 400, failed: 0, documents: 400 });
});
