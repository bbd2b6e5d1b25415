import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  deployDefaults,
  deployed,
  drained,
  elasticsearch,
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
