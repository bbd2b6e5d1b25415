import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { TIMEOUTS } from '../../functions/runtime/aws-clients.ts';
import { type PeerJob, runPeerJob } from './peer-job.ts';

/**
 * A consumer with Powertools' batch processing and idempotency. A record is one job, and its idempotency key is the
 * jobId. It sends three DynamoDB requests per job: to lock the job, to count it and to mark it done. Its clients are set
 * up as Drumline's are.
 */

/** Tables: Powertools' own, and one with a counter per run (key `id`). */
const { PEER_IDEMPOTENCY_TABLE = '', PEER_COUNTERS_TABLE = '' } = process.env;

const dynamo = new DynamoDBClient({ requestHandler: TIMEOUTS });
const documents = DynamoDBDocumentClient.from(dynamo);

const config = new IdempotencyConfig({ eventKeyJmesPath: 'jobId' });
const persistenceStore = new DynamoDBPersistenceLayer({
  tableName: PEER_IDEMPOTENCY_TABLE,
  awsSdkV3Client: dynamo,
});
const processor = new BatchProcessor(EventType.SQS);

const once = makeIdempotent(
  async (job: PeerJob) => {
    const output = await runPeerJob(job);
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

/** Runs one batch. All records run at the same time; SQS delivers failed ones again. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  config.registerLambdaContext(context);
  return processPartialResponse(event, (record: SQSRecord) => once(JSON.parse(record.body)), processor, {
    context,
  });
}
