import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type BatchResult, consume } from '../../../../../functions/core/consume/consume.ts';
import { readTotals } from '../../../../../functions/core/ledger/totals.ts';
import type { JobId } from '../../../../../functions/core/model/ids.ts';
import type { MessageRecord } from '../../../../../functions/core/model/message-record.ts';
import {
  cloudWithTick,
  delivery,
  type InMemoryCloud,
  throttled,
  working,
  writesOf,
} from '../../../../fixtures/in-memory-cloud.ts';
import { messageFrom, NOW, RUN } from '../../../../fixtures/ledger.ts';

/** A batch of ten messages with ten jobs each. */
const BATCH = Array.from({ length: 10 }, (_, at) => delivery(messageFrom(at * 10 + 1), 1, `${at}`));

let cloud: InMemoryCloud;
let bulks: number;

beforeEach(async () => {
  vi.useFakeTimers({ now: NOW });
  cloud = await cloudWithTick();
  Object.defineProperty(cloud, 'now', { get: Date.now });
  bulks = 0;
  cloud.beforeElastic = (method) => {
    if (method === 'bulk') bulks++;
  };
});
afterEach(() => {
  vi.useRealTimers();
});

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

interface Ran {
  batch: BatchResult;
  /** Milliseconds. */
  took: number;
  /** The processed jobs that a status showed at each half second. */
  seen: number[];
}

/** Runs the batch with two jobs at a time, and reads the status every half second. */
async function run(run: (jobId: JobId) => unknown, timeoutMs = 30_000): Promise<Ran> {
  const worker = cloud.worker({ job: working(run) });
  worker.settings.jobConcurrency = 2;
  let took: number | undefined;
  const ended = consume(worker, BATCH, NOW + timeoutMs).then((batch) => {
    took = Date.now() - NOW;
    return batch;
  });
  const seen: number[] = [];
  while (took === undefined) {
    await vi.advanceTimersByTimeAsync(500);
    if (took === undefined) seen.push((await readTotals(cloud.table, RUN))?.processed ?? 0);
  }
  return { batch: await ended, took, seen };
}

const transactions = () => cloud.transactions.length;

describe('a long batch', () => {
  test('counts whole messages about every second, while jobs go on without a pause', async () => {
    cloud.beforeElastic = async (method) => {
      if (method !== 'bulk') return;
      bulks++;
      await wait(300);
    };
    const { batch, took, seen } = await run((jobId) => wait(100).then(() => jobId));
    expect(batch).toMatchObject({ processed: 100, returned: 0 });
    // A hundred jobs of 100 ms, two at a time, and the last bulk request.
    expect(took).toBeLessThanOrEqual(5_300 + 300);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.every((processed) => processed % 10 === 0)).toBe(true);
    expect(new Set(seen).size).toBeGreaterThanOrEqual(4);
    expect(transactions()).toBe(bulks);
    expect(bulks).toBeLessThanOrEqual(5);
  });

  test('counts messages while one job takes much longer than all others', async () => {
    const { seen } = await run((jobId) => wait(jobId === 1 ? 9_000 : 10).then(() => jobId));
    // 490 ms after the start only the slow message is left; the others wait for the first write.
    expect(seen.slice(0, 3)).toEqual([0, 90, 90]);
  });

  test('has no more requests than before if it takes less than a second', async () => {
    await run((jobId) => wait(15).then(() => jobId));
    expect([bulks, transactions()]).toEqual([1, 1]);
  });
});

test.each<[string, () => unknown]>([
  ['Elasticsearch', () => (cloud.beforeElastic = failOnce((method) => method === 'bulk'))],
  ['DynamoDB', () => (cloud.beforeLedger = failOnce((command) => writesOf(command as object) !== undefined))],
])('if %s fails once, no work is lost, and a failed attempt is recorded once', async (_service, arrange) => {
  arrange();
  const { batch } = await run(async (jobId) => {
    await wait(100);
    if (jobId % 10 === 1) throw new Error(`job ${jobId}`);
    return jobId;
  });
  const counts = cloud.messagesIn('jobs').flatMap(({ first }) => {
    const attempts = cloud.recordItem(messageFrom(first))?.attempts ?? {};
    return Object.values(attempts as MessageRecord['attempts']).map(({ count }) => count);
  });
  expect(new Set(counts)).toEqual(new Set([1]));
  expect(batch.failedAttempts).toBe(10);
  expect(cloud.elastic.documents.size).toBe(90);
});

test('a document that is rejected for a moment is no outage, if the last write stores it', async () => {
  const { elastic } = cloud;
  const { bulk } = elastic;
  elastic.bulk = (request) => {
    elastic.bulk = bulk;
    const answer = bulk.call(elastic, request);
    const [first, ...rest] = answer.items as object[];
    expect(first).toBeDefined();
    return { ...answer, items: [{ create: { status: 429 } }, ...rest] } as typeof answer;
  };
  const { batch } = await run((jobId) => wait(45).then(() => jobId));
  expect(batch).toMatchObject({ processed: 100, returned: 0 });
  expect(batch.outage).toBeUndefined();
});

function failOnce(applies: (call: unknown) => boolean): (call: unknown) => void {
  let failed = false;
  return (call) => {
    if (failed || !applies(call)) return;
    failed = true;
    throw throttled();
  };
}
