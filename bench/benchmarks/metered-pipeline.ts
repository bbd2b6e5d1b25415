import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { chunk } from '../../functions/core/grouping.ts';
import { MAX_BATCH_ENTRIES, type Queue } from '../../functions/core/queue/queue.ts';
import { type Pipeline, withPipeline } from '../../test/fixtures/pipeline.ts';
import type { OwnCloud } from '../harness/own-cloud.ts';
import { type Counted, type Meter, startMeter } from './request-meter.ts';

/** The requests and the consumer's invocations of one run. */
export interface CountedRun {
  counted: Counted;
  /** One entry per invocation. */
  batches: { messages: number; jobs: number }[];
}

/** The services to use. */
export type Services = Pick<OwnCloud, 'aws' | 'elasticsearchUrl'>;

/**
 * Counts the requests of a run, with a meter in front of AWS and one in front of Elasticsearch.
 * @param run returns its batches
 * @param list whether its jobs have the items of a list
 */
export async function withMeters(
  { aws, elasticsearchUrl }: Services,
  run: (pipeline: Pipeline, meter: Meter, resultsMeter: Meter) => Promise<CountedRun['batches']>,
  list = false,
): Promise<CountedRun> {
  const meter = await startMeter(aws.endpoint);
  const resultsMeter = await startMeter(elasticsearchUrl);
  try {
    const metered = async (pipeline: Pipeline): Promise<CountedRun> => {
      const batches = await run(pipeline, meter, resultsMeter);
      const { resultsBytes, resultsRequests } = resultsMeter.counted;
      return { counted: { ...meter.counted, resultsBytes, resultsRequests }, batches };
    };
    return await withPipeline({ ...aws, endpoint: meter.url }, resultsMeter.url, metered, list);
  } finally {
    await meter.stop();
    await resultsMeter.stop();
  }
}

/** Receives one full batch, as the event source mapping does. */
export async function receive(queue: Queue, messages: number): Promise<Message[]> {
  const received: Message[] = [];
  while (received.length < messages) {
    const MaxNumberOfMessages = Math.min(MAX_BATCH_ENTRIES, messages - received.length);
    const { Messages = [] } = await queue.client.send(
      new ReceiveMessageCommand({
        QueueUrl: queue.url,
        MaxNumberOfMessages,
        WaitTimeSeconds: 1,
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      }),
    );
    if (Messages.length === 0)
      throw new Error(`the queue holds only ${received.length} of ${messages} messages`);
    received.push(...Messages);
  }
  return received;
}

/** Deletes messages, as the event source mapping does. */
export async function deleteMessages(queue: Queue, messages: readonly Message[]): Promise<void> {
  for (const some of chunk(messages, { count: MAX_BATCH_ENTRIES })) {
    const Entries = some.map(({ ReceiptHandle }, entry) => ({ Id: String(entry), ReceiptHandle }));
    await queue.client.send(new DeleteMessageBatchCommand({ QueueUrl: queue.url, Entries }));
  }
}
