import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { OutputMapping, Permission } from '#drumline';

export const dynamo = DynamoDBDocumentClient.from(new DynamoDBClient({}));

export const Customer = z.object({ id: z.string(), name: z.string(), email: z.email() });

/** The customer's figures, as Elasticsearch stores them. */
export const figures: OutputMapping = { name: 'keyword', orders: 'integer', revenue: 'double' };

/** The ARN of a table in the account and region of the deployment. */
export const tableArn = (table: string) =>
  `arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/${table}`;

export const mayReadOrders: Permission = { actions: ['dynamodb:Query'], resources: [tableArn('orders')] };

/** Adds up the customer's orders. Reading only, so it may run twice. */
export async function sync({ id, name }: z.output<typeof Customer>, { signal }: { signal: AbortSignal }) {
  const { Items = [] } = await dynamo.send(
    new QueryCommand({
      TableName: 'orders',
      KeyConditionExpression: 'customer = :id',
      ExpressionAttributeValues: { ':id': id },
    }),
    { abortSignal: signal },
  );
  return { name, orders: Items.length, revenue: Items.reduce((sum, { total }) => sum + total, 0) };
}
