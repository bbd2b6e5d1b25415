import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { describe, inject } from 'vitest';
import type { Item, Table } from '../../functions/core/ledger/table.ts';
import { createLedgerTable } from '../fixtures/pipeline.ts';

/** A DynamoDB that the suite runs against. */
export interface BackEnd {
  name: 'ministack' | 'DynamoDB Local';
  endpoint: string;
  /** Why this machine can't run it, if it can't. */
  missing?: string | undefined;
}

/** Has the tests run against each back end; those of one that this machine can't run are skipped, with the reason. */
export function describeBackEnds(tests: (backEnd: BackEnd) => void): void {
  for (const backEnd of inject('backEnds')) {
    if (backEnd.missing === undefined) describe(backEnd.name, () => tests(backEnd));
    else describe.skip(`${backEnd.name}: ${backEnd.missing}`, () => tests(backEnd));
  }
}

let made = 0;

/** An empty table with the ledger's keys. */
export async function makeTable(backEnd: BackEnd): Promise<Table> {
  const name = `ledger-${process.pid}-${++made}`;
  const client = connect(backEnd);
  await createLedgerTable(client, name);
  return { name, client, conflictDelayMs: 25 };
}

/** The same table as another process has it. */
export function forAnother(backEnd: BackEnd, table: Table): Table {
  return { ...table, client: connect(backEnd) };
}

/** A client with connections of its own, set up as the functions' are. */
export function connect({ endpoint }: BackEnd): DynamoDBDocumentClient {
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

/** All that a small table holds, by the items' keys. */
export async function contents({ name, client }: Table): Promise<Record<string, Item>> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName: name, ConsistentRead: true }));
  return Object.fromEntries(Items.map((item) => [`${item.pk}/${item.sk}`, item]));
}
