import type { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';
import type { Table } from '../../functions/core/ledger/table.ts';
import type { JobId, RunId, WorkerId } from '../../functions/core/model/ids.ts';
import type { Message } from '../../functions/core/model/message.ts';
import type { Attempts } from '../../functions/core/model/message-record.ts';
import type { Queue } from '../../functions/core/queue/queue.ts';
import type { Results } from '../../functions/core/results/client.ts';
import { buildSystem } from './build.ts';
import { Dynamo } from './dynamo.ts';
import { Elastic } from './elastic.ts';
import type { System } from './system.ts';

/**
 * The schedule that one in 16,000 was, step by step, since it needs three deliveries of one message:
 *
 *     an earlier worker      ── notes job 1's permanent failure and job 2's first ── dies
 *     a worker taken for dead ── fails job 2 again, and sends the note of that … ─────────── it lands ──
 *     this worker             ── reads the ledger ── has no time for job 2 ── keeps job 1's letter ──────── counts it
 *
 * Counting finds the ledger changed and reads that job 2 is out of attempts, too. It must not take it for given up.
 */

const message: Message = {
  v: 1,
  runId: '20260101-000000-aaaa' as RunId,
  tick: 1,
  first: 1 as JobId,
  last: 2 as JobId,
  enqueuedAt: 0,
};
const NOW = 1_000;
const attempt: Attempts = { count: 1, firstAt: 0, lastAt: 0, reason: 'failed' };

async function deliverTo({ consume, LedgerWriter, TickCache, WorkerCounters }: System) {
  const dynamo = new Dynamo();
  const put = (Item: object) =>
    dynamo.execute(
      new TransactWriteCommand({ TransactItems: [{ Put: { TableName: 'ledger', Item: { ...Item } } }] }),
    );
  const note = (version: number, second: Attempts) =>
    put({
      ...{ pk: `MESSAGE#${message.runId}#1#1-2`, sk: 'MESSAGE', version, pending: [1, 2] },
      attempts: { 1: { ...attempt, permanent: true }, 2: second },
    });
  const tick = {
    tick: 1,
    firstJob: 1,
    count: 2,
    claimed: 2,
    sent: 2,
    jobsPerMessage: 2,
    index: { name: 'results' },
  };
  put({ pk: `RUN#${message.runId}`, sk: 'TICK#000000001', ...tick });
  note(1, attempt);

  const elastic = new Elastic();
  const sent: string[] = [];
  const queue = (url: string, onSend: () => void = () => {}): Queue => ({
    url,
    client: {
      send: async ({ input }: SendMessageBatchCommand) => {
        sent.push(...(input.Entries ?? []).map(() => url));
        onSend();
        return {};
      },
    } as unknown as Queue['client'],
    retryDelayMs: 0,
  });
  const mget = async (request: { index: string; ids: string[] }) => elastic.mget(request);
  const table: Table = {
    name: 'ledger',
    client: { send: async (command: object) => dynamo.execute(command) } as unknown as Table['client'],
    conflictDelayMs: 0,
  };
  const id = 'worker' as WorkerId;
  const { undelivered } = await consume(
    {
      id,
      job: { input: (job) => job, work: (job) => job },
      ledger: new LedgerWriter(table, new WorkerCounters(table, id), () => NOW, 60),
      results: { index: 'results', client: { mget } } as unknown as Results,
      jobs: queue('jobs'),
      deadLetters: queue('dead letters', () => note(2, { ...attempt, count: 2 })),
      ticks: new TickCache(),
      settings: { jobConcurrency: 1, maxAttempts: 2, backoff: { baseSeconds: 1, capSeconds: 1 } },
      clock: () => NOW,
      random: () => 0,
      verifiedIndices: new Set(['results']),
    },
    [{ id: 'delivery', body: JSON.stringify(message), receives: 3 }],
    NOW,
  );
  const [record] = dynamo.peek(`MESSAGE#${message.runId}#1#1-2`);
  return { undelivered, sent, pending: record?.pending, given: record?.failed };
}

test('a job whose last attempt was noted by another worker at the last moment comes again', async () => {
  const system = await buildSystem('late-attempt', []);
  expect(await deliverTo(system)).toEqual({
    undelivered: [],
    sent: ['dead letters', 'jobs'],
    pending: [2],
    given: [1],
  });
});

test('and would be lost if what is out of attempts were taken for given up', async () => {
  const mutant = await buildSystem('late-attempt-mutant', [
    {
      file: 'consume/return-to-queue.ts',
      from: 'if (jobs.length === 0) return [];',
      to: 'if (jobs.length === exhaustedJobs(record, requestedJobs(messages), 2).length) return [];',
    },
    {
      file: 'consume/return-to-queue.ts',
      from: 'import { openJobs }',
      to: 'import { exhaustedJobs, openJobs }',
    },
  ]);
  expect(await deliverTo(mutant)).toEqual({
    undelivered: [],
    sent: ['dead letters'],
    pending: [2],
    given: [1],
  });
});
