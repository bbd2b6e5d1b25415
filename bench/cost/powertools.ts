import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { unzipSync } from 'fflate';
import { type JobId, newRunId } from '../../functions/core/model/ids.ts';
import { send } from '../../functions/core/queue/queue.ts';
import { connect } from '../../functions/core/results/client.ts';
import { ensureIndex } from '../../functions/core/results/ensure-index.ts';
import type { PeerJob } from '../peers/job.ts';
import { bundleHandler } from '../peers/powertools/bundle.ts';
import { makePlace } from '../place.ts';
import { type CountedRun, receive, remove, type Where } from './drumline.ts';
import { both, startMeter } from './meter.ts';

type Handler = (event: SQSEvent, context: Partial<Context>) => Promise<SQSBatchResponse>;

/**
 * Has jobs worked off by the handler that an AWS engineer would write first, as it is deployed but in this process: a job
 * a message, ten messages to a call and to a batch.
 * @throws Error when a message comes back
 */
export async function countPowertools({ aws, elasticsearchUrl }: Where, jobs: number): Promise<CountedRun> {
  const meter = await startMeter(aws.endpoint);
  const resultsMeter = await startMeter(elasticsearchUrl);
  const place = await makePlace({ aws: { ...aws, endpoint: meter.url } });
  const queue = { ...place.jobs, url: meter.url + new URL(place.jobs.url).pathname };
  const dynamo = new DynamoDBClient(aws);
  const tables = { idempotency: `${place.table.name}-idempotency`, counters: `${place.table.name}-counters` };
  const results = connect(elasticsearchUrl, place.table.name);
  try {
    for (const TableName of Object.values(tables)) await createTable(dynamo, TableName);
    await ensureIndex(results);
    const handler = await load({
      // Lambda sets it; Powertools makes a part of its keys of it.
      AWS_LAMBDA_FUNCTION_NAME: 'bench',
      AWS_ENDPOINT_URL: meter.url,
      AWS_REGION: aws.region,
      AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
      PEER_IDEMPOTENCY_TABLE: tables.idempotency,
      PEER_COUNTERS_TABLE: tables.counters,
      PEER_ELASTICSEARCH_URL: resultsMeter.url,
      PEER_INDEX: results.index,
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
      if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} messages came back`);
      await remove(queue, messages);
      batches.push({ messages: messages.length, jobs: messages.length });
      left -= messages.length;
    }
    return { counted: both(meter.counted, resultsMeter.counted), batches };
  } finally {
    await results.client.indices.delete({ index: results.index, ignore_unavailable: true });
    await results.client.close();
    for (const TableName of Object.values(tables)) await dynamo.send(new DeleteTableCommand({ TableName }));
    dynamo.destroy();
    await place.remove();
    await meter.stop();
    await resultsMeter.stop();
  }
}

/** Both of its tables have the one key that Powertools' persistence layer wants unless told. */
async function createTable(dynamo: DynamoDBClient, TableName: string): Promise<void> {
  await dynamo.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    }),
  );
}

/** The handler's own bundle, which reads its settings from the environment as it is loaded. */
async function load(environment: Record<string, string>): Promise<Handler> {
  const folder = await mkdtemp(join(tmpdir(), 'drumline-bench-'));
  try {
    for (const [name, code] of Object.entries(unzipSync(await bundleHandler())))
      await writeFile(join(folder, name), code);
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
