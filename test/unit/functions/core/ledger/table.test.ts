import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { queryItems, readItem, type Table, transact } from '../../../../../functions/core/ledger/table.ts';
import { ConditionFailed, Unavailable } from '../../../../../functions/core/model/errors.ts';
import { openTable } from '../../../../../functions/runtime/aws-clients.ts';

const cancelled = (...codes: string[]) =>
  new TransactionCanceledException({
    message: `Transaction cancelled [${codes.join(', ')}]`,
    CancellationReasons: codes.map((Code) => ({ Code })),
    $metadata: {},
  });

const WRITE = { Put: { TableName: 'ledger', Item: { pk: 'A', sk: 'A' } } };

/** A table whose calls fail one after the other with these, and then go well. */
function failing(...errors: Error[]) {
  let calls = 0;
  const send = async () => {
    const error = errors[calls++];
    if (error) throw error;
    return {};
  };
  const table: Table = { name: 'ledger', client: { send } as unknown as Table['client'], conflictDelayMs: 1 };
  return { table, calls: () => calls };
}

test.each([
  ['another transaction’s sake', cancelled('None', 'TransactionConflict')],
  ['throttling', cancelled('ThrottlingError', 'None')],
  ['a partition that is full', cancelled('None', 'ProvisionedThroughputExceeded')],
  ['a write under way', Object.assign(new Error('conflict'), { name: 'TransactionConflictException' })],
])('a transaction that is cancelled for %s is tried again', async (_why, error) => {
  const { table, calls } = failing(error, error);
  await transact(table, [WRITE]);
  expect(calls()).toBe(3);
});

test('it is not tried for ever', async () => {
  const { table, calls } = failing(...Array.from({ length: 9 }, () => cancelled('TransactionConflict')));
  await expect(transact(table, [WRITE])).rejects.toThrow(Unavailable);
  expect(calls()).toBe(6);
});

test('what a condition refuses is refused at once', async () => {
  const { table, calls } = failing(cancelled('None', 'ConditionalCheckFailed'));
  await expect(transact(table, [WRITE])).rejects.toMatchObject({ at: [1] });
  await expect(transact(failing(cancelled('ConditionalCheckFailed')).table, [WRITE])).rejects.toThrow(
    ConditionFailed,
  );
  expect(calls()).toBe(1);
});

test('what the SDK has tried again by itself is not', async () => {
  const { table, calls } = failing(Object.assign(new Error('slow down'), { name: 'ThrottlingException' }));
  await expect(transact(table, [WRITE])).rejects.toThrow(Unavailable);
  expect(calls()).toBe(1);
});

describe('a DynamoDB that takes calls and never answers', () => {
  let server: Server;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    server = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    for (const socket of sockets.splice(0)) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  test.each<[string, (table: Table) => Promise<unknown>]>([
    ['a write', (table) => transact(table, [WRITE])],
    ['a read', (table) => readItem(table, { pk: 'A', sk: 'A' })],
    ['a query', (table) => queryItems(table, 'A', 'A').next()],
  ])('is unavailable to %s at the deadline, and not much later', async (_what, call) => {
    const deadline = Date.now() + 200;
    const table = openTable('ledger', () => deadline);
    await expect(call(table)).rejects.toMatchObject({
      ...{ name: 'Unavailable', service: 'ledger', momentary: false },
    });
    expect(sockets.length).toBeGreaterThan(0);
    // The SDK would wait for seconds, and try again.
    expect(Date.now() - deadline).toBeLessThan(1_000);
    // And so it is when the deadline is past.
    await expect(call(table)).rejects.toThrow(Unavailable);
    expect(Date.now() - deadline).toBeLessThan(1_000);
  });
});

test('a transaction that meets others again and again ends by the deadline', async () => {
  vi.useFakeTimers();
  try {
    const deadline = Date.now() + 100;
    const { table } = failing(...Array.from({ length: 9 }, () => cancelled('TransactionConflict')));
    const ended = transact({ ...table, conflictDelayMs: 25, deadline: () => deadline }, [WRITE]).catch(() =>
      Date.now(),
    );
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await ended).toBeLessThanOrEqual(deadline);
  } finally {
    vi.useRealTimers();
  }
});
