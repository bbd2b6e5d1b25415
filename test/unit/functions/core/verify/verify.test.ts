import type { Client } from '@elastic/elasticsearch';
import { expect, test } from 'vitest';
import { MAX_JOBS_PER_MESSAGE } from '../../../../../functions/core/model/message.ts';
import { newRecord } from '../../../../../functions/core/model/message-record.ts';
import type { Results } from '../../../../../functions/core/results/client.ts';
import { verify } from '../../../../../functions/core/verify/verify.ts';
import { cloudWithRun } from '../../../../fixtures/in-memory-cloud.ts';
import { job, jobs, message, NOW, RUN } from '../../../../fixtures/ledger.ts';

interface Request {
  query?: { bool: { filter: { range?: { jobId: { gte: number; lte: number } } }[] } };
}

/** An Elasticsearch that has the documents of these jobs. */
function resultsOf(documents: number[]): Results {
  const within = ({ query }: Request) => {
    const { gte, lte } = query?.bool.filter.find(({ range }) => range)?.range?.jobId ?? { gte: 1, lte: 1e9 };
    return documents.filter((id) => gte <= id && id <= lte);
  };
  const client = {
    indices: { refresh: async () => ({}) },
    count: async (request: Request) => ({ count: within(request).length }),
    search: async (request: Request) => ({
      hits: { hits: within(request).map((id) => ({ _id: String(id) })) },
      aggregations: { duplicates: { buckets: [] } },
    }),
  };
  return { index: 'results', client: client as unknown as Client };
}

test.each([
  ['one tick', 1],
  ['many ticks', 1_000],
])('200,000 missing documents of %s are reported within seconds, without failed jobs', async (_of, ticks) => {
  const cloud = await cloudWithRun();
  const count = 200_000 / ticks;
  const jobsPerMessage = Math.min(count, MAX_JOBS_PER_MESSAGE);
  for (let at = 0; at < ticks; at++)
    await cloud.claimTick({
      ...{ tick: at + 1, firstJob: job(at * count + 1), dueAt: NOW + at * 300_000 },
      ...{ count, claimed: count, sent: count, jobsPerMessage },
    });
  const range = message({ last: job(jobsPerMessage) });
  await cloud.writeRecord(
    { pending: newRecord(range).pending.filter((job) => job !== 2), failed: jobs(2) },
    range,
  );

  const begun = performance.now();
  const found = await verify(cloud.table, resultsOf([3, 200_000]), RUN);
  expect(performance.now() - begun).toBeLessThan(2_000);
  expect(found).toMatchObject({ ok: false, documents: 2, failed: 1, missing: { count: 199_997 } });
  expect(found?.missing.first).toEqual([1, ...Array.from({ length: 99 }, (_, at) => at + 4)]);
});
