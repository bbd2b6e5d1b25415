import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, DeleteQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Table } from '../functions/core/ledger/table.ts';
import type { Queue } from '../functions/core/queue/queue.ts';
import { TIMEOUTS } from '../functions/runtime/aws-clients.ts';
import { createLedgerTable } from './ledger-table.ts';
import type { OwnCloud } from './own-cloud.ts';

/** Calls made of AWS's services, by their names, as `SendMessageBatch`. Retries inside the SDK count as one. */
export type Calls = Record<string, number>;

/** A ledger and queues of one measurement's own, without a stack, for what runs in this process. */
export interface Place {
  table: Table;
  jobs: Queue;
  deadLetters: Queue;
  /** What was called through these since `forget` was last called. */
  calls: Calls;
  forget(): void;
  remove(): Promise<void>;
}

let made = 0;

/** Makes them at the emulator, with clients set up as the functions' are. */
export async function makePlace({ aws }: Pick<OwnCloud, 'aws'>): Promise<Place> {
  const name = `bench-${process.pid}-${++made}`;
  const calls: Calls = {};
  const dynamo = counting(new DynamoDBClient({ ...aws, requestHandler: TIMEOUTS }), calls);
  const sqs = counting(new SQSClient({ ...aws, requestHandler: TIMEOUTS }), calls);
  await createLedgerTable(dynamo, name);
  const queue = async (suffix: string): Promise<Queue> => {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `${name}-${suffix}` }));
    return { url: QueueUrl as string, client: sqs, retryDelayMs: 25 };
  };
  const [jobs, deadLetters] = [await queue('jobs'), await queue('dead-letters')];
  const forget = () => {
    for (const name of Object.keys(calls)) delete calls[name];
  };
  forget();
  const client = DynamoDBDocumentClient.from(dynamo, { marshallOptions: { removeUndefinedValues: true } });
  return {
    table: { name, client, conflictDelayMs: 25 },
    jobs,
    deadLetters,
    calls,
    forget,
    remove: async () => {
      for (const { url } of [jobs, deadLetters]) await sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
      await dynamo.send(new DeleteTableCommand({ TableName: name }));
      for (const client of [dynamo, sqs]) client.destroy();
    },
  };
}

function counting<Sdk extends DynamoDBClient | SQSClient>(client: Sdk, calls: Calls): Sdk {
  const stack = (client as DynamoDBClient).middlewareStack;
  stack.add(
    (next, context) => (input) => {
      const name = (context.commandName ?? '').replace(/Command$/, '');
      calls[name] = (calls[name] ?? 0) + 1;
      return next(input);
    },
    { step: 'initialize', name: 'countCalls' },
  );
  return client;
}
