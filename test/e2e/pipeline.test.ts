import { beforeAll, describe, expect, test } from 'vitest';
import type { Status } from '../../functions/status.ts';
import { drained, elasticsearch, invoke, logLines, output, start, status, stop, verify } from './system.ts';

describe('before the first run', () => {
  test('status answers zeros, and verify succeeds', async () => {
    // Only the first file of a suite finds a ledger without runs; the others have made some.
    const seen = await status();
    if (seen.runId !== null) return;
    expect(seen).toMatchObject({
      running: false,
      pace: 'burst',
      x: 0,
      y: 0,
      enqueued: 0,
      processed: 0,
      failed: 0,
      workers: [],
    });
    expect(await verify()).toMatchObject({ ok: true, runId: null });
  });
});

describe('a run', () => {
  const jobs = 1000;
  let runId: string;
  let end: Status;

  beforeAll(async () => {
    ({ runId } = await start(jobs));
    end = await drained(jobs);
    await stop();
  });

  test('counts every job once and writes every document', async () => {
    expect(await verify()).toMatchObject({
      ok: true,
      runId,
      enqueued: jobs,
      processed: jobs,
      failed: 0,
      documents: jobs,
      duplicates: 0,
      missing: { count: 0, first: [] },
    });
  });

  test('uses at most the allowed number of workers, and their shares add up', () => {
    expect(end.concurrency).toBe(2);
    expect(end.workers.length).toBeGreaterThanOrEqual(1);
    expect(end.workers.reduce((sum, { processed }) => sum + processed, 0)).toBe(jobs);
  });

  test('writes item, output and origin of each job', async () => {
    const found = await elasticsearch<{
      hits: { hits: { _id: string; _source: Record<string, unknown> }[] };
    }>(`${await output('Index')}/_search`, { size: 5, query: { term: { runId } } });
    expect(found.hits.hits).toHaveLength(5);
    for (const { _id, _source } of found.hits.hits) {
      const jobId = Number(_id);
      expect(_source).toMatchObject({ jobId, item: jobId, output: jobId * jobId, runId, tick: 1 });
      expect(end.workers.map(({ id }) => id)).toContain(_source.workerId);
      expect(Date.parse(_source.processedAt as string)).toBeGreaterThanOrEqual(
        Date.parse(_source.enqueuedAt as string),
      );
    }
  });

  test('has the document count that Elasticsearch reports, and no duplicate', async () => {
    const index = await output('Index');
    const query = { term: { runId } };
    const { count } = await elasticsearch<{ count: number }>(`${index}/_count`, { query });
    expect(count).toBe((await status()).processed);
    const { aggregations } = await elasticsearch<{ aggregations: { duplicates: { buckets: unknown[] } } }>(
      `${index}/_search`,
      { size: 0, query, aggs: { duplicates: { terms: { field: 'jobId', min_doc_count: 2 } } } },
    );
    expect(aggregations.duplicates.buckets).toEqual([]);
  });

  test('logs one JSON line per batch, and no secret', async () => {
    const lines = await logLines('consumer');
    const batches = lines.filter(({ message, fields }) => message === 'batch' && fields.runId === runId);
    expect(batches.reduce((sum, { fields }) => sum + Number(fields.processed), 0)).toBe(jobs);
    const fields = { tick: 1, worker: expect.stringMatching(/^worker-/) };
    expect(batches[0]).toMatchObject({ level: 'INFO', fields });
    expect(JSON.stringify(lines)).not.toMatch(/AWS_SECRET|secretAccessKey/i);
  });
});

test('processed + failed never exceeds enqueued in any status of a run in progress', async () => {
  const jobs = 6000;
  await start(jobs);
  let asked = 0;
  for (let seen = await status(); seen.processed + seen.failed < jobs; seen = await status()) {
    expect(seen.processed + seen.failed).toBeLessThanOrEqual(seen.enqueued);
    asked++;
  }
  expect(asked).toBeGreaterThan(0);
  await stop();
  expect(await verify()).toMatchObject({ ok: true, documents: jobs });
});

test('a scheduler that is invoked by hand fires nothing that is not due', async () => {
  await start(10);
  await drained(10);
  await Promise.all([
    invoke('scheduler'),
    invoke('scheduler'),
    invoke('scheduler', { time: '2099-01-01T00:00:00Z' }),
  ]);
  expect(await status()).toMatchObject({ enqueued: 10, tick: 1 });
  await stop();
});
