import { createServer, type Socket } from 'node:net';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { queryItems, readItem, type Table, transact } from '../../../../../functions/core/ledger/table.ts';
import { Unavailable } from '../../../../../functions/core/model/errors.ts';
import { openTable } from '../../../../../functions/runtime/aws-clients.ts';
import { throttled } from '../../../../fixtures/in-memory-cloud.ts';
import { listen, stubEnvironment } from '../../../../fixtures/servers.ts';

const cancelled = (...codes: string[]) =>
  new TransactionCanceledException({
    message: `Transaction cancelled [${codes.join(', ')}]`,
    CancellationReasons: codes.map((Code) => ({ Code })),
    $metadata: {},
  });

const WRITE = { Put: { TableName: 'ledger', Item: { pk: 'A', sk: 'A' } } };

/** A table whose calls fail with these errors, one after the other, and then succeed. */
function failing(...errors: Error[]) {
  const send = vi.fn(async () => {
    const error = errors.shift();
    if (error) throw error;
    return {};
  });
  const table = { name: 'ledger', client: { send }, conflictDelayMs: 1 } as unknown as Table;
  return { table, send };
}

const conflicts = () => Array.from({ length: 9 }, () => cancelled('TransactionConflict'));

describe('a transaction', () => {
  test('is tried again, up to five times, if DynamoDB cancels it for a conflict or for throttling', async () => {
    for (const error of [
      cancelled('None', 'TransactionConflict'),
      cancelled('ThrottlingError', 'None'),
      cancelled('None', 'ProvisionedThroughputExceeded'),
      Object.assign(new Error('conflict'), { name: 'TransactionConflictException' }),
    ]) {
      const { table, send } = failing(error, error);
      await transact(table, [WRITE]);
      expect(send).toHaveBeenCalledTimes(3);
    }
    const { table, send } = failing(...conflicts());
    await expect(transact(table, [WRITE])).rejects.toThrow(Unavailable);
    expect(send).toHaveBeenCalledTimes(6);
  });

  test('is not tried again if a condition fails, or the SDK has tried it again already', async () => {
    for (const [error, thrown] of [
      [cancelled('None', 'ConditionalCheckFailed'), { name: 'ConditionFailed', failedWrites: [1] }],
      [throttled(), { name: 'Unavailable' }],
    ] as const) {
      const { table, send } = failing(error);
      await expect(transact(table, [WRITE])).rejects.toMatchObject(thrown);
      expect(send).toHaveBeenCalledTimes(1);
    }
  });

  test('ends by the deadline even if it conflicts again and again', async () => {
    vi.useFakeTimers();
    try {
      const deadline = Date.now() + 100;
      const table = { ...failing(...conflicts()).table, conflictDelayMs: 25, deadline: () => deadline };
      const ended = transact(table, [WRITE]).catch(() => Date.now());
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await ended).toBeLessThanOrEqual(deadline);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('if DynamoDB accepts connections and never answers', () => {
  const sockets: Socket[] = [];

  beforeEach(async () => {
    sockets.length = 0;
    const silent = await listen(createServer((socket) => sockets.push(socket)));
    stubEnvironment({ AWS_ENDPOINT_URL_DYNAMODB: `http://${silent}` });
  });

  test.each<[string, (table: Table) => Promise<unknown>]>([
    ['a write', (table) => transact(table, [WRITE])],
    ['a read', (table) => readItem(table, { pk: 'A', sk: 'A' })],
    ['a query', (table) => queryItems(table, 'A', 'A').next()],
  ])('%s fails shortly after the deadline, and at once after that', async (_what, call) => {
    const deadline = Date.now() + 500;
    const table = openTable('ledger', () => deadline);
    const unavailable = { name: 'Unavailable', service: 'ledger', momentary: false };
    await expect(call(table)).rejects.toMatchObject(unavailable);
    expect(sockets.length).toBeGreaterThan(0);
    await expect(call(table)).rejects.toMatchObject(unavailable);
    // The SDK alone would wait for seconds, and try again.
    expect(Date.now() - deadline).toBeLessThan(1_000);
  });
});
