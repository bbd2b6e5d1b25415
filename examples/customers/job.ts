import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { defineJob, pages } from '#drumline';
import { Customer, dynamo, figures, mayReadOrders, sync, tableArn } from './sync.ts';

/** Synchronizes each customer of a DynamoDB table. */
export default defineJob({
  items: pages(async (after: Record<string, unknown> | undefined, { signal }) => {
    const { Items = [], LastEvaluatedKey } = await dynamo.send(
      new ScanCommand({ TableName: 'customers', ExclusiveStartKey: after, Limit: 200 }),
      { abortSignal: signal },
    );
    return { items: Items, next: LastEvaluatedKey };
  }),
  item: Customer,
  output: figures,
  needs: {
    permissions: [{ actions: ['dynamodb:Scan'], resources: [tableArn('customers')] }, mayReadOrders],
  },
  run: sync,
});
