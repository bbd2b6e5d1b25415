import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { GetCommand, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from 'vitest';
import { Dynamo } from './dynamo.ts';
import { Elastic } from './elastic.ts';
import { Sqs } from './sqs.ts';

/** The services in memory must be as strict as the real ones. */

const TableName = 'ledger';
const key = { pk: 'a', sk: 'b' };

type Writes = NonNullable<ConstructorParameters<typeof TransactWriteCommand>[0]['TransactItems']>;
const writing =
  (dynamo: Dynamo) =>
  (...TransactItems: Writes) =>
    dynamo.execute(new TransactWriteCommand({ TransactItems }));
const reading = (dynamo: Dynamo, ConsistentRead = true) =>
  (dynamo.execute(new GetCommand({ TableName, Key: key, ConsistentRead })) as { Item?: object }).Item;

describe('DynamoDB', () => {
  test('writes all or nothing, and reports which conditions failed', () => {
    const dynamo = new Dynamo();
    const write = writing(dynamo);
    const put = (sk: string) => ({
      Put: { TableName, Item: { pk: 'a', sk }, ConditionExpression: 'attribute_not_exists(pk)' },
    });
    write(put('b'));
    expect(() => write(put('c'), put('b'))).toThrow(
      expect.objectContaining({
        name: 'TransactionCanceledException',
        CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }],
      }),
    );
    expect([...dynamo.peek('a')]).toHaveLength(1);
  });

  test('evaluates the expressions that the ledger uses', () => {
    const dynamo = new Dynamo();
    const write = writing(dynamo);
    const change = (UpdateExpression: string, values: object, ConditionExpression?: string) =>
      write({
        Update: {
          TableName,
          Key: key,
          UpdateExpression,
          ...(ConditionExpression && { ConditionExpression }),
          ExpressionAttributeValues: { ...values },
        },
      });
    change('SET x = :x ADD counted :jobs, openTicks :openTicks', {
      ':x': 1,
      ':jobs': 2,
      ':openTicks': new Set(['a', 'b']),
    });
    change('ADD counted :jobs DELETE openTicks :openTicks', {
      ':jobs': -5,
      ':openTicks': new Set(['a', 'c']),
    });
    expect(reading(dynamo)).toEqual({ ...key, x: 1, counted: -3, openTicks: new Set(['b']) });
    change('REMOVE x', { ':v': 1, ':w': 0 }, '(x = :w OR x <= :v) AND attribute_not_exists(absent)');
    expect(() => change('SET x = :v', { ':v': 2 }, 'x = :v OR x < :v')).toThrow('[ConditionalCheckFailed]');
    change('DELETE openTicks :openTicks', { ':openTicks': new Set(['b']) });
    expect(reading(dynamo)).toEqual({ ...key, counted: -3 });
  });

  test.each([
    ['an item touched twice', { Delete: { TableName, Key: key } }, { Delete: { TableName, Key: key } }],
    ['an empty key', { Delete: { TableName, Key: { pk: '', sk: 'b' } } }],
    [
      'a reserved word',
      {
        Update: {
          TableName,
          Key: key,
          UpdateExpression: 'SET processed = :v',
          ExpressionAttributeValues: { ':v': 1 },
        },
      },
    ],
    [
      'a value that nothing uses',
      {
        Delete: {
          TableName,
          Key: key,
          ConditionExpression: 'attribute_not_exists(pk)',
          ExpressionAttributeValues: { ':v': 1 },
        },
      },
    ],
    ['a number that is none', { Put: { TableName, Item: { ...key, x: Number.NaN } } }],
    ['too large an item', { Put: { TableName, Item: { ...key, attempts: 'x'.repeat(400_001) } } }],
  ] satisfies [string, ...Writes][])('refuses %s', (_, ...writes) => {
    expect(() => writing(new Dynamo())(...writes)).toThrow(
      expect.objectContaining({ name: 'ValidationException' }),
    );
  });

  test('refuses more writes than a transaction takes', () => {
    const writes = Array.from({ length: 101 }, (_, at) => ({
      Put: { TableName, Item: { pk: 'a', sk: String(at) } },
    }));
    expect(() => writing(new Dynamo())(...writes)).toThrow('TransactItems');
  });

  test('may answer an eventually consistent read with the item before the last write', () => {
    const dynamo = new Dynamo();
    for (const x of [1, 2]) writing(dynamo)({ Put: { TableName, Item: { ...key, x } } });
    expect(reading(dynamo, false)).toMatchObject({ x: 1 });
    expect(reading(dynamo)).toMatchObject({ x: 2 });
  });

  test('reads page by page, and backwards', () => {
    const dynamo = new Dynamo({ writes: 100, page: 2 });
    writing(dynamo)(
      ...['JOB#1', 'JOB#2', 'JOB#3', 'OTHER'].map((sk) => ({ Put: { TableName, Item: { pk: 'a', sk } } })),
    );
    const query = (more: object) =>
      dynamo.execute(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: { ':pk': 'a', ':prefix': 'JOB#' },
          ConsistentRead: true,
          ...more,
        }),
      ) as { Items: { sk: string }[]; LastEvaluatedKey?: object };
    const first = query({});
    expect(first.Items.map(({ sk }) => sk)).toEqual(['JOB#1', 'JOB#2']);
    const second = query({ ExclusiveStartKey: first.LastEvaluatedKey });
    expect(second.Items.map(({ sk }) => sk)).toEqual(['JOB#3']);
    expect(second.LastEvaluatedKey).toBeUndefined();
    expect(query({ ScanIndexForward: false, Limit: 1 }).Items.map(({ sk }) => sk)).toEqual(['JOB#3']);
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

  test.each([
    ['TooManyEntriesInBatchRequest', Array.from({ length: 11 }, () => 'x')],
    ['BatchRequestTooLong', ['x'.repeat(600_000), 'x'.repeat(600_000)]],
    ['MissingParameter', ['']],
    ['InvalidMessageContents', ['half a pair: \ud83d']],
    ['EmptyBatchRequest', []],
  ])('answers %s', (name, bodies) => {
    const Entries = bodies.map((MessageBody, at) => ({ Id: String(at), MessageBody }));
    const { sqs } = open();
    expect(() => sqs.execute(new SendMessageBatchCommand({ QueueUrl, Entries }))).toThrow(
      expect.objectContaining({ name }),
    );
    expect(sqs.copies(QueueUrl)).toEqual([]);
  });
});

describe('Elasticsearch', () => {
  const create = (jobId: number, output: unknown) => [
    { create: { _id: String(jobId) } },
    JSON.stringify({ jobId, runId: 'run', input: 1, output }),
  ];

  test('creates a document once, and refuses what does not fit the mapping', () => {
    const elastic = new Elastic();
    const statuses = (operations: unknown[]) =>
      elastic.bulk({ index: 'results', operations }).items.map((item) => item.create.status);
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
