import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from 'vitest';
import { Dynamo } from './dynamo.ts';
import { Elastic } from './elastic.ts';
import { Sqs } from './sqs.ts';

/** The in-memory services must be as strict as the actual ones. test/ledger/ tests the in-memory DynamoDB further. */

describe('DynamoDB', () => {
  const TableName = 'ledger';
  const Key = { pk: 'a', sk: 'b' };
  const write = (dynamo: Dynamo, attributes: object, sk = 'b') =>
    dynamo.execute(
      new TransactWriteCommand({
        TransactItems: [{ Put: { TableName, Item: { ...Key, sk, ...attributes } } }],
      }),
    );

  test('may answer an eventually consistent read with the item before the last write', () => {
    const dynamo = new Dynamo();
    for (const x of [1, 2]) write(dynamo, { x });
    for (const [ConsistentRead, x] of [
      [false, 1],
      [true, 2],
    ] as const)
      expect(dynamo.execute(new GetCommand({ TableName, Key, ConsistentRead }))).toMatchObject({
        Item: { x },
      });
  });

  test('refuses numbers that are not finite', () => {
    for (const x of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => write(new Dynamo(), { x })).toThrow(
        expect.objectContaining({ name: 'ValidationException' }),
      );
  });
});

describe('SQS', () => {
  const QueueUrl = 'jobs';
  const open = (now = { at: 0 }) => {
    const sqs = new Sqs(() => now.at);
    sqs.create('dead');
    sqs.create(QueueUrl, { to: 'dead', maxReceives: 2 });
    return { sqs, now };
  };

  test('hides a message after a receive, and moves it to the dead letters after too many', () => {
    const { sqs, now } = open();
    sqs.put(QueueUrl, 'body');
    for (const receives of [1, 2]) {
      const [copy] = sqs.visible(QueueUrl);
      expect(sqs.receive(QueueUrl, copy as never, 1_000)).toMatchObject({ body: 'body', receives });
      expect(sqs.visible(QueueUrl)).toEqual([]);
      now.at += 1_000;
    }
    expect(sqs.receive(QueueUrl, sqs.visible(QueueUrl)[0] as never, 1_000)).toBeUndefined();
    expect(sqs.copies(QueueUrl)).toEqual([]);
    expect(sqs.visible('dead')).toMatchObject([{ body: 'body' }]);
  });

  test('deletes a message by the receipt of any delivery, but not its duplicate', () => {
    const { sqs, now } = open();
    sqs.put(QueueUrl, 'body');
    const [copy] = sqs.visible(QueueUrl);
    const delivery = sqs.receive(QueueUrl, copy as never, 1_000);
    sqs.duplicate(QueueUrl, copy as never);
    now.at += 1_000;
    sqs.receive(QueueUrl, copy as never, 1_000);
    sqs.delete(QueueUrl, [delivery?.receipt as string]);
    expect(sqs.copies(QueueUrl)).toHaveLength(1);
  });

  test('refuses invalid batches', () => {
    const { sqs } = open();
    for (const [name, bodies] of Object.entries({
      TooManyEntriesInBatchRequest: Array<string>(11).fill('x'),
      BatchRequestTooLong: Array<string>(2).fill('x'.repeat(600_000)),
      MissingParameter: [''],
      InvalidMessageContents: ['half a surrogate pair: \ud83d'],
      EmptyBatchRequest: [],
    })) {
      const Entries = bodies.map((MessageBody, at) => ({ Id: String(at), MessageBody }));
      const send = () => sqs.execute(new SendMessageBatchCommand({ QueueUrl, Entries }));
      expect(send).toThrow(expect.objectContaining({ name }));
    }
    expect(sqs.copies(QueueUrl)).toEqual([]);
  });
});

describe('Elasticsearch', () => {
  const create = (jobId: number, output: unknown) => [
    { create: { _id: String(jobId) } },
    JSON.stringify({ jobId, runId: 'run', item: 1, output }),
  ];

  test('creates a document once, and refuses what does not fit the mapping', () => {
    const elastic = new Elastic();
    const statuses = (operations: unknown[]) =>
      elastic.bulk({ index: 'results', operations }).items.map((item) => item.create?.status);
    expect(statuses([...create(1, 1), ...create(1, 2), ...create(2, 'text'), ...create(3, '3')])).toEqual([
      201, 409, 400, 201,
    ]);
    expect(elastic.documents.get('results/1')?.source.output).toBe(1);
  });

  test('finds a document by id at once, and by a search after a refresh', () => {
    const elastic = new Elastic();
    elastic.bulk({ index: 'results', operations: create(1, 1) });
    const query = { bool: { filter: [{ term: { runId: 'run' } }] } };
    expect(elastic.mget({ index: 'results', ids: ['1', '2'] }).docs.map(({ found }) => found)).toEqual([
      true,
      false,
    ]);
    expect(elastic.count({ query }).count).toBe(0);
    elastic.refresh();
    expect(elastic.count({ query }).count).toBe(1);
  });
});
