import { GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, expect, test } from 'vitest';
import { WorkerCounters } from '../../../../../functions/core/ledger/counters.ts';
import { runKey } from '../../../../../functions/core/ledger/runs.ts';
import { transact } from '../../../../../functions/core/ledger/table.ts';
import { readTotals } from '../../../../../functions/core/ledger/totals.ts';
import type { RunId } from '../../../../../functions/core/model/ids.ts';
import { type Memory, memoryWithTick } from '../../memory.ts';
import { NOW, RUN } from '../../samples.ts';

let memory: Memory;

beforeEach(async () => {
  memory = await memoryWithTick();
});

async function add(worker: string, processed: number, failed: number): Promise<void> {
  const counters = new WorkerCounters(memory.table, worker as never);
  await transact(memory.table, [await counters.incrementWrite(RUN, { processed, failed }, NOW)]);
}

test('are the sum over all counters, with the split of the load', async () => {
  await add('one', 10, 3);
  await add('two', 20, -1);
  const totals = await readTotals(memory.table, RUN);
  expect(totals).toMatchObject({ run: { runId: RUN }, processed: 30, failed: 2 });
  expect(totals?.workers.map(({ holder, processed }) => [holder, processed])).toEqual(
    expect.arrayContaining([
      ['one', 10],
      ['two', 20],
    ]),
  );
});

test('have no fewer than no failures, when the job’s failure was counted after the look at its counter', async () => {
  await add('one', 1, -1);
  expect(await readTotals(memory.table, RUN)).toMatchObject({ processed: 1, failed: 0 });
});

test('are nothing for a run that there is not', async () => {
  expect(await readTotals(memory.table, '20200101-000000-none' as RunId)).toBeUndefined();
});

test('never run ahead of what is enqueued, while jobs are enqueued and counted between any two reads', async () => {
  await add('one', 0, 0);
  await add('two', 0, 0);
  const shards = memory.dynamo.partitions(`COUNTERS#${RUN}#`).flatMap((pk) => [...memory.dynamo.peek(pk)]);
  const ADD = (Key: object, attribute: string) => ({
    Update: {
      TableName: 'ledger',
      Key: { ...Key },
      UpdateExpression: `ADD ${attribute} :one`,
      ExpressionAttributeValues: { ':one': 1 },
    },
  });
  memory.beforeLedger = () => {
    for (const { pk, sk } of shards)
      memory.dynamo.execute(
        new TransactWriteCommand({
          TransactItems: [ADD(runKey(RUN), 'enqueued'), ADD({ pk, sk }, 'jobsProcessed')],
        }),
      );
  };
  const totals = await readTotals(memory.table, RUN);
  expect(totals?.processed).toBeGreaterThan(0);
  expect(totals?.processed).toBeLessThanOrEqual(totals?.run.enqueued ?? 0);
  expect(memory.calls.at(-1)).toBeInstanceOf(GetCommand);
});
