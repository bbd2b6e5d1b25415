import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { newWorkerId } from '../../../functions/core/model/ids.ts';
import { connect } from '../../../functions/core/results/client.ts';
import { TIMEOUTS } from '../../../functions/runtime/aws-clients.ts';
import { doJob, type PeerJob } from '../job.ts';

/**
 * The consumer that an engineer who knows AWS would write first, with Powertools' batch processing and idempotency: a
 * record is a job, whose key is its jobId. It asks DynamoDB three times a job: to begin it once, to count it, and to note
 * that it is done. Its clients are set up as ours are.
 */

/** Set by whoever deploys it. */
const {
  PEER_IDEMPOTENCY_TABLE = '',
  /** Table of counters: an item per run, keyed by `id`. */
  PEER_COUNTERS_TABLE = '',
  PEER_ELASTICSEARCH_URL = '',
  PEER_INDEX = '',
} = process.env;

const dynamo = new DynamoDBClient({ requestHandler: TIMEOUTS });
const documents = DynamoDBDocumentClient.from(dynamo);
const results = connect(PEER_ELASTICSEARCH_URL, PEER_INDEX);
const workerId = newWorkerId();

const config = new IdempotencyConfig({ eventKeyJmesPath: 'jobId' });
const persistenceStore = new DynamoDBPersistenceLayer({
  tableName: PEER_IDEMPOTENCY_TABLE,
  awsSdkV3Client: dynamo,
});
const processor = new BatchProcessor(EventType.SQS);

const once = makeIdempotent(
  async (job: PeerJob) => {
    const output = await doJob(job, workerId, results);
    await documents.send(
      new UpdateCommand({
        TableName: PEER_COUNTERS_TABLE,
        Key: { id: job.runId },
        UpdateExpression: 'ADD jobsDone :one',
        ExpressionAttributeValues: { ':one': 1 },
      }),
    );
    return output;
  },
  { persistenceStore, config },
);

/** Does one batch; records are worked on side by side, and those that fail come again. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  config.registerLambdaContext(context);
  return processPartialResponse(event, (record: SQSRecord) => once(JSON.parse(record.body)), processor, {
    context,
  });
}
