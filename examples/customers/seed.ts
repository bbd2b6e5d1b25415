import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { BatchWriteCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { clientConfigOf, resolveTarget } from '../../cli/cloud/target.ts';

/**
 * Creates the sources of this example on the local cloud: the tables `customers` and `orders`, and the file
 * s3://customers/customers.jsonl. Run it with `npx tsx examples/customers/seed.ts`; it may run again.
 */
const CUSTOMERS = 1_000;
/** Maximum items of one BatchWriteItem (DynamoDB API reference). */
const BATCH = 25;

const config = clientConfigOf(resolveTarget('local', ''));
const dynamo = DynamoDBDocumentClient.from(new DynamoDBClient(config));
const s3 = new S3Client(config);

const customers = Array.from({ length: CUSTOMERS }, (_, number) => ({
  id: `customer-${number}`,
  name: `Customer ${number}`,
  email: `customer-${number}@example.com`,
}));
// Customer 17 has two orders: 17 % 3 of them.
const orders = customers.flatMap(({ id }, number) =>
  Array.from({ length: number % 3 }, (_, order) => ({ customer: id, order, total: number + order })),
);

await createTable('customers', 'id');
await createTable('orders', 'customer', 'order');
await write('customers', customers);
await write('orders', orders);
await createBucket('customers');
const lines = customers.map((customer) => JSON.stringify(customer)).join('\n');
await s3.send(new PutObjectCommand({ Bucket: 'customers', Key: 'customers.jsonl', Body: lines }));
process.stdout.write(
  `${customers.length} customers with ${orders.length} orders are in the tables customers and orders, ` +
    'and in s3://customers/customers.jsonl.\n',
);

async function createTable(TableName: string, partition: string, sort?: string): Promise<void> {
  await dynamo
    .send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: partition, AttributeType: 'S' },
          ...(sort ? [{ AttributeName: sort, AttributeType: 'N' } as const] : []),
        ],
        KeySchema: [
          { AttributeName: partition, KeyType: 'HASH' },
          ...(sort ? [{ AttributeName: sort, KeyType: 'RANGE' } as const] : []),
        ],
      }),
    )
    .catch(unless('ResourceInUseException'));
  await waitUntilTableExists({ client: dynamo, maxWaitTime: 30 }, { TableName });
}

async function createBucket(Bucket: string): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket })).catch(unless('BucketAlreadyOwnedByYou'));
}

async function write(table: string, items: Record<string, unknown>[]): Promise<void> {
  for (let at = 0; at < items.length; at += BATCH) {
    const requests = items.slice(at, at + BATCH).map((Item) => ({ PutRequest: { Item } }));
    await dynamo.send(new BatchWriteCommand({ RequestItems: { [table]: requests } }));
  }
}

/** Ignores the error that something exists already. */
function unless(name: string): (error: Error) => void {
  return (error) => {
    if (error.name !== name) throw error;
  };
}
