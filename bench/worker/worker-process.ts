/**
 * A worker process, as the emulator starts one: the deployed bundle in a Node of its own. It is told of batches by IPC
 * and answers how large it is. Plain Node, with its own idea of when to collect garbage, but that it is made to before
 * the heap is read: what is on it then is in use.
 */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';

/** Batches to do, each a list of message bodies. */
export interface Order {
  batches: string[][];
}

/** What the worker has come to. */
export interface Size {
  /** Megabytes of 1,000,000 bytes: the process's, and of its heap what is in use after a collection. */
  rssMb: number;
  heapMb: number;
}

const { handler } = (await import(process.argv[2] ?? '')) as {
  handler: (event: SQSEvent, context: object) => Promise<SQSBatchResponse>;
};
const context = { awsRequestId: 'bench', functionName: 'bench', getRemainingTimeInMillis: () => 60_000 };

process.on('message', async ({ batches }: Order) => {
  for (const bodies of batches) {
    const { batchItemFailures } = await handler(eventOf(bodies), context);
    if (batchItemFailures.length > 0)
      throw new Error(`${batchItemFailures.length} messages could not be sent back`);
  }
  const { rss } = process.memoryUsage();
  global.gc?.();
  const { heapUsed } = process.memoryUsage();
  process.send?.({ rssMb: rss / 1e6, heapMb: heapUsed / 1e6 } satisfies Size);
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
