import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { Client } from '@elastic/elasticsearch';
import type { Table } from '../../functions/core/ledger/table.ts';
import type { JobId, RunId, WorkerId } from '../../functions/core/model/ids.ts';
import type { Message } from '../../functions/core/model/message.ts';
import type { Queue } from '../../functions/core/queue/queue.ts';
import { Dynamo } from './dynamo.ts';
import { Elastic } from './elastic.ts';
import { Sqs } from './sqs.ts';
import type { System } from './system.ts';
import { JOBS } from './world.ts';

/** A message of one job, whose tick is in the ledger. */
export const MESSAGE: Message = {
  v: 1,
  runId: '20260101-000000-aaaa' as RunId,
  tick: 1,
  first: 1 as JobId,
  last: 1 as JobId,
  enqueuedAt: 0,
};

/** One job and one worker, which a test delivers to by hand: for schedules that chance would seldom find. */
export class ByHand {
  now = 1_000;
  readonly dynamo = new Dynamo();
  readonly sqs = new Sqs(() => this.now);
  readonly #elastic = new Elastic();
  /** How often the job has run. */
  ran = 0;
  /** Whether the job fails. */
  fails = false;
  /** Whether DynamoDB throttles this write. */
  throttles: (command: TransactWriteCommand) => boolean = () => false;

  constructor(readonly system: System) {
    this.sqs.create(JOBS);
    this.put({
      pk: `RUN#${MESSAGE.runId}`,
      sk: 'TICK#000000001',
      tick: 1,
      firstJob: 1,
      count: 1,
      claimed: 1,
      sent: 1,
      jobsPerMessage: 1,
      index: { name: 'results' },
    });
  }

  put(Item: object): void {
    this.dynamo.execute(
      new TransactWriteCommand({ TransactItems: [{ Put: { TableName: 'ledger', Item: { ...Item } } }] }),
    );
  }

  putRecord(record: object): void {
    this.put({ pk: `MESSAGE#${MESSAGE.runId}#1#1-1`, sk: 'MESSAGE', version: 1, pending: [1], ...record });
  }

  get record(): Record<string, unknown> | undefined {
    const [record] = this.dynamo.peek(`MESSAGE#${MESSAGE.runId}#1#1-1`);
    return record;
  }

  /** Delivers a message once, and answers with what was sent back of it, if anything was. */
  async deliver(message: Message, receives: number): Promise<Message | undefined> {
    const { consume, LedgerWriter, TickCache, WorkerCounters } = this.system;
    const id = 'worker' as WorkerId;
    const send = async (command: object) => {
      if (command instanceof TransactWriteCommand && this.throttles(command))
        throw Object.assign(new Error('slow down'), { name: 'ThrottlingException' });
      return this.dynamo.execute(command);
    };
    const table = { name: 'ledger', client: { send } as Table['client'], conflictDelayMs: 0 };
    const queue: Queue = {
      url: JOBS,
      client: { send: async (command: object) => this.sqs.execute(command) } as Queue['client'],
      retryDelayMs: 0,
    };
    const clock = () => this.now;
    const client = {
      bulk: async (request: Parameters<Elastic['bulk']>[0]) => this.#elastic.bulk(request),
      mget: async (request: Parameters<Elastic['mget']>[0]) => this.#elastic.mget(request),
    };
    await consume(
      {
        id,
        job: {
          input: (job) => job,
          work: (job) => {
            this.ran++;
            if (this.fails) throw new Error('not now');
            return job;
          },
        },
        ledger: new LedgerWriter(table, new WorkerCounters(table, id), clock, 86_400),
        results: { index: 'results', client: client as unknown as Client },
        jobs: queue,
        deadLetters: queue,
        ticks: new TickCache(),
        settings: { jobConcurrency: 1, maxAttempts: 3, backoff: { baseSeconds: 1, capSeconds: 1 } },
        clock,
        random: () => 0,
        verifiedIndices: new Set(['results']),
      },
      [{ id: 'delivery', body: JSON.stringify(message), receives }],
      this.now + 10_000,
    );
    const body = this.sqs.copies(JOBS).at(-1)?.body;
    return body === undefined ? undefined : (JSON.parse(body) as Message);
  }
}
