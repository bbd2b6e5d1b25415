import { defineJob, s3Lines } from '#drumline';
import { Customer, figures, mayReadOrders, sync } from './sync.ts';

const { CUSTOMERS_BUCKET: bucket = 'customers' } = process.env;
const key = 'customers.jsonl';

/** Synchronizes each customer of a file in S3, which has one JSON object per line. */
export default defineJob({
  items: s3Lines({ bucket, key }),
  item: Customer,
  output: figures,
  needs: {
    permissions: [
      { actions: ['s3:GetObject'], resources: [`arn:\${AWS::Partition}:s3:::${bucket}/${key}`] },
      mayReadOrders,
    ],
    // The value at deployment: `CUSTOMERS_BUCKET=my-bucket npx drumline deploy`
    environment: { CUSTOMERS_BUCKET: bucket },
  },
  run: sync,
});
