import { type DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { Client } from '@elastic/elasticsearch';
import { TickCache } from '../../../functions/core/consume/tick-cache.ts';
import type { Delivery, Worker } from '../../../functions/core/consume/worker.ts';
import { WorkerCounters } from '../../../functions/core/ledger/counters.ts';
import { LedgerWriter } from '../../../functions/core/ledger/message-records.ts';
import { readRun, readSchedule, startRun } from '../../../functions/core/ledger/runs.ts';
import type { Table, TransactionWrite } from '../../../functions/core/ledger/table.ts';
import { claimTick } from '../../../functions/core/ledger/ticks.ts';
import type { WorkerId } from '../../../functions/core/model/ids.ts';
import { type Message, parseMessage } from '../../../functions/core/model/message.ts';
import type { Tick } from '../../../functions/core/model/tick.ts';
import { MAPPING } from '../../../functions/core/results/ensure-index.ts';
import { Dynamo } from '../../simulation/dynamo.ts';
import { Elastic } from '../../simulation/elastic.ts';
import { Sqs, type Stored } from '../../simulation/sqs.ts';
import { job, NOW, RUN, tick } from './samples.ts';

const DAY_SECONDS = 86_400;

/** The services in memory, as the simulation has them, at one moment that only a test moves. */
export class Memory {
  now = NOW;
  readonly dynamo = new Dynamo();
  readonly elastic = new Elastic();
  readonly sqs = new Sqs(() => this.now);
  /** Comes before each call of the ledger, which fails with what this throws. */
  beforeLedger: (command: object) => unknown = () => {};
  /** Comes before each call of Elasticsearch, which fails with what this throws. */
  beforeElastic: (method: 'bulk' | 'mget' | 'get', index: string) => unknown = () => {};
  answerQueue: (command: object, url: string) => unknown = (command) => this.sqs.execute(command);
  /** The ledger's calls that were answered, in their order. */
  readonly calls: object[] = [];

  constructor() {
    for (const url of ['jobs', 'dead letters']) this.sqs.create(url);
  }

  readonly table: Table = {
    name: 'ledger',
    conflictDelayMs: 1,
    client: {
      send: async (command: object) => {
        await this.beforeLedger(command);
        const answer = await this.dynamo.execute(command);
        this.calls.push(command);
        return answer;
      },
    } as Pick<DynamoDBDocumentClient, 'send'>,
  };

  /** The transactions that were carried out. */
  get transactions(): TransactionWrite[][] {
    return this.calls.flatMap((call) => {
      const writes = writesOf(call);
      return writes ? [writes] : [];
    });
  }

  /** Messages of a queue that can be received, or are delayed. */
  bodies(url: 'jobs' | 'dead letters'): Message[] {
    return this.sqs.copies(url).flatMap(({ body }: Stored) => {
      const parsed = parseMessage(body);
      return 'message' in parsed ? [parsed.message] : [];
    });
  }

  writer(name: string, ttlSeconds = DAY_SECONDS): LedgerWriter {
    const counters = new WorkerCounters(this.table, name as WorkerId);
    return new LedgerWriter(this.table, counters, () => this.now, ttlSeconds);
  }

  /** A worker whose jobs return their ids, and that waits for as long as it may. */
  worker(change: Partial<Worker> = {}): Worker {
    const queue = (url: string) => ({
      url,
      retryDelayMs: 1,
      client: { send: async (command: object) => this.answerQueue(command, url) } as Worker['jobs']['client'],
    });
    const client = {
      bulk: async (request: Parameters<Elastic['bulk']>[0]) => {
        await this.beforeElastic('bulk', request.index);
        return this.elastic.bulk(request);
      },
      mget: async (request: Parameters<Elastic['mget']>[0]) => {
        await this.beforeElastic('mget', request.index);
        return this.elastic.mget(request);
      },
      indices: {
        get: async ({ index }: { index: string }) => {
          await this.beforeElastic('get', index);
          return { [index]: { mappings: MAPPING } };
        },
      },
    } as unknown as Client;
    return {
      id: 'worker' as WorkerId,
      job: { input: (jobId) => jobId, work: (input) => input },
      ledger: this.writer('worker'),
      results: { index: 'results', client },
      jobs: queue('jobs'),
      deadLetters: queue('dead letters'),
      ticks: new TickCache(),
      settings: { jobConcurrency: 10, maxAttempts: 2, backoff: { baseSeconds: 2, capSeconds: 60 } },
      clock: () => this.now,
      random: () => 0.999,
      verifiedIndices: new Set(),
      ...change,
    };
  }
}

/** A ledger with one run, which has not fired yet. */
export async function memoryWithRun(): Promise<Memory> {
  const memory = new Memory();
  const { table } = memory;
  const schedule = await readSchedule(table);
  await startRun(table, schedule, {
    ...{ runId: RUN, x: 100, y: 5, pace: 'burst', indexing: { index: 'results', monthly: false } },
    ...{ backfillMinutes: 0, startedAt: NOW, firstFreeJobId: job(1) },
  });
  return memory;
}

/** A ledger with one run whose first tick has its hundred jobs claimed and sent, in messages of ten. */
export async function memoryWithTick(): Promise<Memory> {
  const memory = await memoryWithRun();
  await claimAll(memory.table);
  memory.calls.length = 0;
  return memory;
}

/** Has the run's next tick claimed and sent, all hundred jobs of it. */
export async function claimAll(table: Table, change: Partial<Tick> = {}): Promise<void> {
  const run = await readRun(table, RUN);
  if (!run) throw new Error('there is no run');
  const claimed = tick({ claimed: 100, sent: 100, ...change });
  const leased = { ...claimed, lease: { holder: 'scheduler', until: NOW } };
  await claimTick(table, await readSchedule(table), run, leased, claimed.dueAt + 300_000);
}

/** A message as SQS delivers it. */
export function delivery(message: Message | string, receives = 1, id = 'delivery'): Delivery {
  return { id, body: typeof message === 'string' ? message : JSON.stringify(message), receives };
}

/** A transaction's writes, if that is what the command is. */
export function writesOf(command: object): TransactionWrite[] | undefined {
  return command instanceof TransactWriteCommand ? command.input.TransactItems : undefined;
}

/** What DynamoDB answers when it has trouble of its own, and when a request is at fault. */
export const throttled = () => Object.assign(new Error('slow down'), { name: 'ThrottlingException' });
export const invalid = () => Object.assign(new Error('not taken'), { name: 'ValidationException' });
