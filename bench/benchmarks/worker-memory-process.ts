/**
 * One worker process, as the emulator starts it: the deployed bundle in its own Node.js process. Its parent sends batches
 * over IPC; the process answers with its memory.
 */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';

/** Batches to run, each a list of message bodies. */
export interface BatchesMessage {
  batches: string[][];
}

/** Memory in megabytes (1,000,000 bytes). The heap is read after a forced garbage collection. */
export interface Memory {
  rssMb: number;
  heapMb: number;
}

const { handler } = (await import(process.argv[2] ?? '')) as {
  handler: (event: SQSEvent, context: object) => Promise<SQSBatchResponse>;
};
const context = { awsRequestId: 'bench', functionName: 'bench', getRemainingTimeInMillis: () => 60_000 };

process.on('message', async ({ batches }: BatchesMessage) => {
  for (const bodies of batches) {
    const { batchItemFailures } = await handler(eventOf(bodies), context);
    if (batchItemFailures.length > 0)
      throw new Error(`${batchItemFailures.length} messages could not be returned to the queue`);
  }
  const { rss } = process.memoryUsage();
  global.gc?.();
  const { heapUsed } = process.memoryUsage();
  process.send?.({ rssMb: rss / 1e6, heapMb: heapUsed / 1e6 } satisfies Memory);
});
process.send?.('ready');

function eventOf(bodies: string[]): SQSEvent {
  const attributes = { ApproximateReceiveCount: '1' };
  const records = bodies.map((body, at) => ({
    messageId: String(at),
    receiptHandle: String(at),
    body,
    attributes,
  }));
  return { Records: records } as unknown as SQSEvent;
}
