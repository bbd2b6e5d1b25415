import { setImmediate } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { describe, inject } from 'vitest';
import type { Item, Table } from '../../functions/core/ledger/table.ts';
import { createLedgerTable } from '../fixtures/pipeline.ts';
import { AWS_LIMITS, Dynamo } from '../simulation/dynamo.ts';

/** A DynamoDB that the suite runs against. */
export interface BackEnd {
  name: 'ministack' | 'DynamoDB Local' | 'in memory';
  /** The server's URL. The simulation's DynamoDB, which is in memory, has none. */
  endpoint?: string;
  /** Why this machine can't run it, if it can't. */
  missing?: string | undefined;
}

/** Runs the tests against each back end. Tests of a back end that this machine can't run are skipped, with the reason. */
export function describeBackEnds(tests: (backEnd: BackEnd) => void): void {
  for (const backEnd of [...inject('backEnds'), { name: 'in memory' } as BackEnd]) {
    if (backEnd.missing === undefined) describe(backEnd.name, () => tests(backEnd));
    else describe.skip(`${backEnd.name}: ${backEnd.missing}`, () => tests(backEnd));
  }
}

let tables = 0;

/** An empty table with the ledger's keys. */
export async function makeTable({ endpoint }: BackEnd): Promise<Table> {
  const name = `ledger-${process.pid}-${++tables}`;
  if (endpoint === undefined) return { name, client: inMemoryClient(), conflictDelayMs: 25 };
  const client = connect(endpoint);
  await createLedgerTable(client, name);
  return { name, client, conflictDelayMs: 25 };
}

/** The same table as another process sees it: through connections of another client. */
export function forAnother({ endpoint }: BackEnd, table: Table): Table {
  return endpoint === undefined ? { ...table } : { ...table, client: connect(endpoint) };
}

function inMemoryClient(): Table['client'] {
  // Pages of three items, because the pages of the other back ends end at 1 MB.
  const dynamo = new Dynamo({ ...AWS_LIMITS, page: 3 });
  const send = async (command: object) => {
    await setImmediate();
    return dynamo.execute(command);
  };
  return { send } as Table['client'];
}

/** A client that is configured like the functions' client. */
function connect(endpoint: string): DynamoDBDocumentClient {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

/** All items of a small table, by their keys. */
export async function contents({ name, client }: Table): Promise<Record<string, Item>> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName: name, ConsistentRead: true }));
  return Object.fromEntries(Items.map((item) => [`${item.pk}/${item.sk}`, item]));
}
