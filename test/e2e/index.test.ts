import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { JobId, RunId, WorkerId } from '../../functions/core/model/ids.ts';
import { connect } from '../../functions/core/results/client.ts';
import { type ResultDocument, writeDocuments } from '../../functions/core/results/documents.ts';
import { ensureIndex } from '../../functions/core/results/ensure-index.ts';
import { mappingOf, storedValue } from '../../functions/core/results/mapping.ts';
import { queryResults } from '../../functions/core/results/query.ts';
import { refresh } from '../../functions/core/results/search.ts';
import {
  deployDefaults,
  deployed,
  drained,
  elasticsearch,
  elasticsearchUrl,
  invoke,
  output,
  start,
  stop,
  verify,
} from './system.ts';

interface Mappings {
  [index: string]: { mappings: { properties: Record<string, { type: string }> } };
}

interface Hits {
  hits: { hits: { _id: string; _source: object }[] };
}

let original: string;

beforeAll(async () => {
  original = await output('Index');
});

afterAll(deployDefaults);

test('verify reports an index that was deleted during a run, and the next batch creates it with its mapping', async () => {
  const { runId } = await start(100);
  await drained(100);
  const index = await output('Index');
  await elasticsearch(index, undefined, 'DELETE');
  expect(await verify()).toMatchObject({ ok: false, documents: 0, missing: { count: 100 } });

  // Like a worker's write, this does not check first whether the index exists.
  await elasticsearch(`${index}/_create/1`, { jobId: 1, runId }, 'PUT');
  const made = await elasticsearch<Mappings>(`${index}/_mapping`);
  expect(made[index]?.mappings.properties).toMatchObject({
    jobId: { type: 'long' },
    runId: { type: 'keyword' },
  });
  await stop();
});

test('any JSON is stored and found, also in pages that would be too large for one answer', async () => {
  const results = connect(elasticsearchUrl, 'any-json', { mapping: mappingOf({ list: true }) });
  onTestFinished(async () => {
    await elasticsearch('any-json', undefined, 'DELETE');
    await elasticsearch('_index_template/any-json', undefined, 'DELETE');
    await results.client.close();
  });
  await ensureIndex(results);
  const nested = (depth: number): object => (depth === 1 ? { a: 'deep' } : { a: nested(depth - 1) });
  const listed = (depth: number): object => (depth === 1 ? ['listed'] : [listed(depth - 1)]);
  const outputs: unknown[] = [
    { label: 'churn', tags: ['new', 'eu'], score: 0.25, sure: true, none: null },
    [1, { inner: 'array' }, [2, [3]]],
    'a text',
    42.5,
    null,
    {},
    nested(100),
    listed(989),
    Object.fromEntries(Array.from({ length: 18_000 }, (_, at) => [`key${at}`, at])),
    { ['k'.repeat(8_190)]: '€'.repeat(8_191) },
    { '': { ' ': 1 }, 'a.b': 2, a: { b: 3 }, '..': '\ud800\0' },
    ...Array.from({ length: 10 }, (_, at) => `${at}${'ü'.repeat(200_000)}`),
  ];
  const documents = outputs.map((output, index) => {
    const stored = ['item', 'output'].map((field) =>
      storedValue(field as 'item', mappingOf({ list: true })[field as 'item'], output),
    ) as { value: unknown }[];
    const at = '2026-11-25T12:00:00Z';
    const ids = { jobId: (index + 1) as JobId, runId: 'run' as RunId, workerId: 'worker' as WorkerId };
    const document = { ...ids, tick: 1, version: 'v1', enqueuedAt: at, processedAt: at };
    return {
      index: 'any-json',
      document: { ...document, item: stored[0]?.value, output: stored[1]?.value },
    };
  });
  const { written, problem } = await writeDocuments(results, documents, 60_000);
  expect([written.filter(({ refused }) => refused), problem]).toEqual([[], undefined]);
  await refresh(results);
  for (const [query, ...found] of [
    ['output.label:churn AND item.tags:eu AND output.sure:true', 1],
    ['output.value:3', 2],
    ['output.value.inner:array', 2],
    ['output.value:"a text"', 3],
    ['output.value:42.5', 4],
    [`output${'.a'.repeat(100)}:deep`, 7],
    ['output.value:listed', 8],
    ['output.key17999:17999', 9],
    ['output.a.b:3', 11],
  ] as const) {
    const page = await queryResults(results, { query, size: 10 });
    expect([query, page.documents.map(({ jobId }) => jobId)]).toEqual([query, found]);
  }
  const seen: ResultDocument[] = [];
  let pages = 0;
  for (let after: JobId | undefined, last = false; !last; pages++) {
    const page = await queryResults(results, { query: '*', size: 1_000, after });
    expect(page.total).toBe(outputs.length);
    expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(6_000_000);
    seen.push(...page.documents);
    after = page.next;
    last = after === undefined;
  }
  expect(pages).toBeGreaterThan(1);
  expect(seen).toEqual(documents.map(({ document }) => document));
});

test('a new index setting applies to later runs only, with one index per month if so set', async () => {
  await start(30);
  await drained(30);
  const before = await verify();
  await deployed({ index: 'elsewhere', indexMonthly: 'true' });
  // The active run keeps its index, and its documents are looked up there.
  expect(await verify()).toEqual(before);

  const { runId } = await start(20);
  await drained(20);
  expect(await verify()).toMatchObject({ ok: true, documents: 20 });
  const month = `elsewhere-${new Date().toISOString().slice(0, 7).replace('-', '.')}`;
  const aliases = await elasticsearch<object>('_alias/elsewhere');
  expect(aliases).toEqual({ [month]: { aliases: { elsewhere: {} } } });
  expect(await elasticsearch('elsewhere/_count')).toMatchObject({ count: 20 });

  // The index of another month has the alias and the mapping as well. `verify` finds a job with a document in both.
  const { hits } = await elasticsearch<Hits>('elsewhere/_search?size=1');
  const { _id: id, _source: document } = hits.hits[0] as Hits['hits']['hits'][number];
  await elasticsearch(`elsewhere-2020.01/_create/${id}?refresh=true`, document, 'PUT');
  expect(await elasticsearch('elsewhere/_count')).toMatchObject({ count: 21 });
  expect(await verify()).toMatchObject({ ok: false, runId, documents: 21, duplicates: 1 });
  await stop();
});

test('the name of an index cannot become the alias of monthly indices, nor the reverse', async () => {
  await deployed({ index: 'elsewhere' });
  expect(await invoke('control', { action: 'start', x: 1, y: 1_440 })).toMatchObject({
    error: { code: 'index_conflict', message: expect.stringContaining('elsewhere is an alias') },
  });
  await deployed({ index: original, indexMonthly: 'true' });
  expect(await invoke('control', { action: 'start', x: 1, y: 1_440 })).toMatchObject({
    error: { code: 'index_conflict', message: expect.stringContaining(`${original} is an index`) },
  });
});
