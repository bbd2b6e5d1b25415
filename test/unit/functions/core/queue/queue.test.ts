import type { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { malformedDeadLetter } from '../../../../../functions/core/queue/dead-letter.ts';
import { MAX_BATCH_BYTES, type OutgoingMessage, send } from '../../../../../functions/core/queue/queue.ts';

/** A queue that accepts everything and records the batches. */
function recordingQueue() {
  const batches: OutgoingMessage[][] = [];
  const client = {
    send: async ({ input }: SendMessageBatchCommand) => {
      batches.push(input.Entries ?? []);
      return {};
    },
  } as unknown as Pick<SQSClient, 'send'>;
  return { queue: { url: 'queue', client, retryDelayMs: 0 }, batches };
}

const bytesOf = (batch: OutgoingMessage[]) =>
  batch.reduce((sum, { MessageBody }) => sum + Buffer.byteLength(MessageBody ?? ''), 0);

test('sends ten messages per call, and makes no call without messages', async () => {
  const { queue, batches } = recordingQueue();
  await send(queue, []);
  await send(
    queue,
    Array.from({ length: 25 }, (_, at) => ({ MessageBody: String(at) })),
  );
  expect(batches.map((batch) => batch.length)).toEqual([10, 10, 5]);
});

test('puts no more bytes into a call than SQS allows', async () => {
  const { queue, batches } = recordingQueue();
  const large = { MessageBody: 'ö'.repeat(200_000) };
  await send(queue, [large, large, large, large, large]);
  expect(batches.flat()).toHaveLength(5);
  for (const batch of batches) expect(bytesOf(batch)).toBeLessThanOrEqual(MAX_BATCH_BYTES);
});

test('cuts the largest malformed message so that its reason fits', () => {
  const { MessageBody = '', MessageAttributes = {} } = malformedDeadLetter(
    '€'.repeat(349_525),
    'not JSON',
    0,
  );
  const attributes = JSON.stringify(MessageAttributes).length;
  expect(Buffer.byteLength(MessageBody) + attributes).toBeLessThanOrEqual(MAX_BATCH_BYTES);
  expect(MessageBody).toMatch(/^€+$/);
});
