import pMap from 'p-map';
import { chunk } from '../../functions/core/grouping.ts';
import type { Bucket } from '../../functions/core/items/bucket.ts';
import { SEGMENT_LIMIT, segmentKey, toLine } from '../../functions/core/items/segment.ts';
import { SnapshotReader } from '../../functions/core/items/snapshot.ts';
import { claimPass, extendPass, readPass } from '../../functions/core/ledger/passes.ts';
import type { Pass } from '../../functions/core/model/pass.ts';
import type { AwsConnection } from '../../test/fixtures/pipeline.ts';
import { fireScheduler, type Pipeline, startOneTick, withPipeline } from '../../test/fixtures/pipeline.ts';
import { type ListShape, listSource } from './list-source.ts';

/** How a batch's messages lie in the list: one after the other, or each far from the others. */
export type Order = 'in order' | 'scattered';

/** The loading of the items of a batch of ten messages with 50 jobs each, by a worker that has cached nothing. */
export interface Loading {
  /** Milliseconds, the mean over the batches. */
  ms: number;
  /** GETs and bytes of a batch. */
  gets: number;
  bytes: number;
}

const MESSAGES = 10;
const JOBS_PER_MESSAGE = 50;
const BATCHES = 20;

/** Stores a list in segments of this many items, and loads the items of batches. */
export function measureLoading(
  aws: AwsConnection,
  elasticsearchUrl: string,
  segmentItems: number,
  itemBytes: number,
): Promise<Record<Order, Loading>> {
  return withPipeline(
    aws,
    elasticsearchUrl,
    async (pipeline) => {
      // Scattered messages are further apart than the largest segment is long.
      const stride = 2_000;
      const items = MESSAGES * stride;
      const pass = await storeList(pipeline, { items, itemBytes }, segmentItems);
      const measure = (firstOf: (batch: number, message: number) => number) => load(pipeline, pass, firstOf);
      return {
        'in order': await measure((batch, message) => (batch * MESSAGES + message) * JOBS_PER_MESSAGE),
        scattered: await measure((batch, message) => message * stride + batch * JOBS_PER_MESSAGE),
      };
    },
    true,
  );
}

/** Stores the items as a reader does whose segments have this many items. */
async function storeList(pipeline: Pipeline, list: ListShape, count: number): Promise<Pass> {
  const { table, items: bucket } = pipeline;
  const runId = await startOneTick(table, 'all');
  await fireScheduler(pipeline, { jobsPerMessage: JOBS_PER_MESSAGE, minMessages: 1 }, 60_000);
  const opened = (await readPass(table, runId, 1)) as Pass;
  let pass = await claimPass(table, opened, { holder: 'bench', until: Date.now() + 600_000 }, Date.now());
  const lines: string[] = [];
  for (let cursor: unknown; ; ) {
    const page = await listSource(list).read(cursor, { signal: new AbortController().signal });
    lines.push(...page.items.map((item) => toLine(item).text));
    cursor = page.next;
    if (cursor === undefined) break;
  }
  const bodies = chunk(lines, { ...SEGMENT_LIMIT, count });
  for (const some of chunk([...bodies.entries()], { count: 50 })) {
    const segments = some.map(([at, { length }]) => ({ at, first: at * count, count: length }));
    const stored = await pMap(segments, async ({ at, ...segment }) => {
      const body = (bodies[at] as string[]).join('\n');
      const key = segmentKey(pass, body);
      await bucket.put(key, body);
      return { ...segment, key };
    });
    const next = { ...pass, count: pass.count + stored.reduce((sum, segment) => sum + segment.count, 0) };
    await extendPass(table, pass, next, stored);
    pass = next;
  }
  return pass;
}

async function load(
  { table, items: bucket }: Pipeline,
  { runId, pass }: Pass,
  firstOf: (batch: number, message: number) => number,
): Promise<Loading> {
  const sum: Loading = { ms: 0, gets: 0, bytes: 0 };
  const metered: Bucket = {
    ...bucket,
    async get(key) {
      const body = await bucket.get(key);
      sum.gets++;
      sum.bytes += body?.length ?? 0;
      return body;
    },
  };
  for (let batch = 0; batch < BATCHES; batch++) {
    const reader = new SnapshotReader(table, metered);
    const startedAt = performance.now();
    await Promise.all(
      Array.from({ length: MESSAGES }, async (_, message) => {
        const indices = Array.from({ length: JOBS_PER_MESSAGE }, (_, at) => firstOf(batch, message) + at);
        const entries = await reader.entriesOf(runId, { pass, first: 0 }, indices);
        if (entries.some((entry) => 'problem' in entry)) throw new Error('an item is missing');
      }),
    );
    sum.ms += performance.now() - startedAt;
  }
  return { ms: sum.ms / BATCHES, gets: sum.gets / BATCHES, bytes: sum.bytes / BATCHES };
}
