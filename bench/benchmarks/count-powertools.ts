import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type JobId, newRunId } from '../../functions/core/model/ids.ts';
import { send } from '../../functions/core/queue/queue.ts';
import { createPipeline } from '../../test/fixtures/pipeline.ts';
import type { PeerJob } from '../peers/peer-job.ts';
import { bundleHandler, createPowertoolsTables } from '../peers/powertools-system.ts';
import { type CountedRun, deleteMessages, receive, type Services } from './count-drumline.ts';
import { joinCounts, startMeter } from './request-meter.ts';

type Handler = (event: SQSEvent, context: Partial<Context>) => Promise<SQSBatchResponse>;

/**
 * Runs jobs with the bundled Powertools handler in this process and counts its requests: one job per message, ten messages
 * per call and per batch.
 * @throws Error if a message fails
 */
export async function countPowertools(
  { aws, elasticsearchUrl }: Services,
  jobs: number,
): Promise<CountedRun> {
  const meter = await startMeter(aws.endpoint);
  const resultsMeter = await startMeter(elasticsearchUrl);
  const pipeline = await createPipeline({ ...aws, endpoint: meter.url }, elasticsearchUrl);
  const { jobs: queue, results } = pipeline;
  const dynamo = new DynamoDBClient(aws);
  const variables = await createPowertoolsTables(dynamo, results.index, resultsMeter.url, results.index);
  try {
    const handler = await load({
      // Lambda sets this variable. Powertools puts it into its keys.
      AWS_LAMBDA_FUNCTION_NAME: 'bench',
      AWS_ENDPOINT_URL: meter.url,
      AWS_REGION: aws.region,
      AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
      ...variables,
    });
    meter.reset();
    const runId = newRunId(Date.now());
    const enqueuedAt = Date.now();
    const due = Array.from(
      { length: jobs },
      (_, at): PeerJob => ({ jobId: (at + 1) as JobId, runId, enqueuedAt }),
    );
    await send(
      queue,
      due.map((job) => ({ MessageBody: JSON.stringify(job) })),
    );
    const batches: CountedRun['batches'] = [];
    for (let left = jobs; left > 0; ) {
      const messages = await receive(queue, Math.min(10, left));
      const { batchItemFailures } = await handler(eventOf(messages.map(({ Body = '' }) => Body)), {
        awsRequestId: 'bench',
        functionName: 'bench',
        getRemainingTimeInMillis: () => 60_000,
      });
      if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} messages failed`);
      await deleteMessages(queue, messages);
      batches.push({ messages: messages.length, jobs: messages.length });
      left -= messages.length;
    }
    return { counted: joinCounts(meter.counted, resultsMeter.counted), batches };
  } finally {
    for (const TableName of [variables.PEER_IDEMPOTENCY_TABLE, variables.PEER_COUNTERS_TABLE])
      await dynamo.send(new DeleteTableCommand({ TableName }));
    dynamo.destroy();
    await pipeline.remove();
    await meter.stop();
    await resultsMeter.stop();
  }
}

/** Loads the handler's bundle, which reads its environment when it is loaded. */
async function load(environment: Record<string, string>): Promise<Handler> {
  const folder = await mkdtemp(join(tmpdir(), 'drumline-bench-'));
  try {
    await writeFile(join(folder, 'index.mjs'), await bundleHandler());
    Object.assign(process.env, environment);
    const { handler } = (await import(pathToFileURL(join(folder, 'index.mjs')).href)) as { handler: Handler };
    return handler;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function eventOf(bodies: string[]): SQSEvent {
  const records = bodies.map((body, at) => ({ messageId: String(at), receiptHandle: String(at), body }));
  return { Records: records } as unknown as SQSEvent;
}
