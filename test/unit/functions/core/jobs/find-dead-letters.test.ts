import type { Client } from '@elastic/elasticsearch';
import { expect, test } from 'vitest';
import { findDeadLetters } from '../../../../../functions/core/jobs/find-dead-letters.ts';
import type { Message } from '../../../../../functions/core/model/message.ts';
import { cloudWithTick, failing } from '../../../../fixtures/in-memory-cloud.ts';
import { messageFrom, NOW } from '../../../../fixtures/ledger.ts';

test('the ledger says how far the job of each dead letter is, also of one that is out of date', async () => {
  const cloud = await cloudWithTick();
  const settings = { ...cloud.worker().settings, maxAttempts: 1 };
  await cloud.consume(cloud.worker({ job: failing(3, 4, 12), settings }), messageFrom(1), messageFrom(11));
  const documents = [...cloud.elastic.deadLetters.values()];
  const letters = cloud.messagesIn('dead letters');
  const letterOf = (jobId: number) => letters.find(({ retry }) => retry?.jobs.includes(jobId as never));
  await cloud.consume(cloud.worker(), letterOf(3) as Message);
  await cloud.consume(cloud.worker({ job: failing(4) }), letterOf(4) as Message);

  let reads = 0;
  cloud.beforeLedger = () => reads++;
  const search = async () => ({
    hits: { total: { value: 5 }, hits: documents.reverse().map((_source) => ({ _source })) },
  });
  const results = { index: 'results', client: { search } as unknown as Client };
  const { documents: found, ...page } = await findDeadLetters(
    cloud.table,
    results,
    { query: '*', size: 3 },
    NOW,
  );
  expect(found.map(({ jobId, state }) => [jobId, state])).toEqual([
    [3, 'processed'],
    [4, 'retrying'],
    [12, 'dead'],
  ]);
  expect(page).toMatchObject({ total: 5 });
  // One read for each message.
  expect(reads).toBe(2);
});
