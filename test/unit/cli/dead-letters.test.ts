import type { SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import {
  isMalformed,
  receiveDeadLetters,
  releaseDeadLetters,
  retryDeadLetters,
} from '../../../cli/cloud/dead-letters.ts';
import type { Deployment } from '../../../cli/cloud/deployment.ts';

const RUN = '20261123-214512-k3f9';
const NOT_ABORTED = new AbortController().signal;

interface Stored {
  id: string;
  body: string;
  attributes: Record<string, { DataType: string; StringValue: string }>;
  hidden: boolean;
}

function deadLetterOf(job: number): Omit<Stored, 'hidden'> {
  const message = { v: 1, runId: RUN, tick: 1, first: 1, last: 10, enqueuedAt: 5 };
  const attribute = (value: string) => ({ DataType: 'String', StringValue: value });
  return {
    id: `m${job}`,
    body: JSON.stringify({ ...message, retry: { round: 1, jobs: [job] } }),
    attributes: { reason: attribute('it broke'), attempts: attribute('5'), jobId: attribute(String(job)) },
  };
}

interface Faults {
  /** Whether SQS refuses a message. */
  refuses?: (body: string) => boolean;
  /** Whether a message cannot be deleted. */
  keeps?: (id: string) => boolean;
}

/** In-memory jobs queue and dead-letter queue. */
function queuesWith(stored: Omit<Stored, 'hidden'>[], { refuses, keeps }: Faults = {}) {
  const dead: Stored[] = stored.map((message) => ({ ...message, hidden: false }));
  const jobs: string[] = [];
  type Input = {
    Entries?: { Id: string; ReceiptHandle: string; MessageBody: string }[];
    MaxNumberOfMessages?: number;
  };
  const handlers: Record<string, (input: Input) => unknown> = {
    ReceiveMessageCommand: ({ MaxNumberOfMessages: max }) => {
      const found = dead.filter(({ hidden }) => !hidden).slice(0, max);
      for (const message of found) message.hidden = true;
      return {
        Messages: found.map(({ id, body, attributes }) => ({
          MessageId: id,
          ReceiptHandle: id,
          Body: body,
          MessageAttributes: attributes,
          Attributes: { ApproximateReceiveCount: '3' },
        })),
      };
    },
    SendMessageBatchCommand: ({ Entries = [] }) => {
      const refused = Entries.filter(({ MessageBody }) => refuses?.(MessageBody));
      for (const entry of Entries) if (!refused.includes(entry)) jobs.push(entry.MessageBody);
      return { Failed: refused.map(({ Id }) => ({ Id, SenderFault: true, Message: 'too long' })) };
    },
    DeleteMessageBatchCommand: ({ Entries = [] }) => {
      const kept = Entries.filter(({ ReceiptHandle }) => keeps?.(ReceiptHandle));
      for (const { ReceiptHandle } of Entries.filter((entry) => !kept.includes(entry))) {
        const index = dead.findIndex(({ id }) => id === ReceiptHandle);
        dead.splice(index, 1);
      }
      return { Failed: kept.map(({ Id }) => ({ Id })) };
    },
    ChangeMessageVisibilityBatchCommand: ({ Entries = [] }) => {
      for (const { ReceiptHandle } of Entries) {
        const message = dead.find(({ id }) => id === ReceiptHandle);
        if (message) message.hidden = false;
      }
      return {};
    },
  };
  const send = async (command: { constructor: { name: string }; input: Input }) =>
    handlers[command.constructor.name]?.(command.input);
  const sqs = { send } as unknown as SQSClient;
  const deployment = {
    target: { clients: { sqs } },
    jobsQueueUrl: 'jobs',
    deadLetterQueueUrl: 'dead',
  } as unknown as Deployment;
  return { deployment, dead, jobs };
}

const deadLetters = (count: number) => Array.from({ length: count }, (_, at) => deadLetterOf(at + 1));

describe('listing', () => {
  test('finds each dead letter once, and releases them', async () => {
    const { deployment, dead } = queuesWith(deadLetters(57));
    const received = await receiveDeadLetters(deployment, NOT_ABORTED);
    expect(received.map(({ jobId }) => jobId)).toEqual(Array.from({ length: 57 }, (_, at) => at + 1));
    expect(received[0]).toMatchObject({ runId: RUN, reason: 'it broke', attempts: 5 });
    await releaseDeadLetters(deployment, received);
    expect(dead.filter(({ hidden }) => hidden)).toEqual([]);
  });

  test('distinguishes messages from the redrive policy and malformed ones', async () => {
    const redriven = {
      id: 'redriven',
      attributes: {},
      body: JSON.stringify({ ...JSON.parse(deadLetterOf(1).body), retry: undefined }),
    };
    const { deployment } = queuesWith([redriven, { id: 'garbage', attributes: {}, body: 'garbage' }]);
    const received = await receiveDeadLetters(deployment, NOT_ABORTED);
    expect(received.find(({ messageId }) => messageId === 'redriven')).toMatchObject({
      range: { first: 1, last: 10 },
    });
    expect(received.filter(isMalformed).map(({ messageId }) => messageId)).toEqual(['garbage']);
  });
});

describe('sending again', () => {
  test('gives each message a new retry round, and deletes it after sending', async () => {
    const { deployment, dead, jobs } = queuesWith(deadLetters(25));
    const resent = await retryDeadLetters(
      deployment,
      await receiveDeadLetters(deployment, NOT_ABORTED),
      NOT_ABORTED,
    );
    expect(resent.sent).toHaveLength(25);
    expect(dead).toEqual([]);
    expect(jobs).toHaveLength(25);
    const { retry } = JSON.parse(jobs[0] ?? '') as { retry: { round: number; jobs: number[] } };
    expect(retry.round).toBeGreaterThan(1);
    expect(retry.jobs).toHaveLength(1);
  });

  test('a message that SQS refuses stays a dead letter', async () => {
    const refuses = (body: string) => body.includes('"jobs":[3]');
    const { deployment, dead, jobs } = queuesWith(deadLetters(12), { refuses });
    const resent = await retryDeadLetters(
      deployment,
      await receiveDeadLetters(deployment, NOT_ABORTED),
      NOT_ABORTED,
    );
    expect(resent.reason).toContain('too long');
    expect(jobs.some(refuses)).toBe(false);
    expect(dead.map(({ id }) => id)).toEqual(['m3']);
    expect(resent.unsent.map(({ jobId }) => jobId)).toEqual([3]);
    expect(resent.sent).toHaveLength(11);
  });

  test('a message that cannot be deleted is reported', async () => {
    const { deployment, dead } = queuesWith(deadLetters(3), { keeps: (id) => id === 'm2' });
    const { sent, kept } = await retryDeadLetters(
      deployment,
      await receiveDeadLetters(deployment, NOT_ABORTED),
      NOT_ABORTED,
    );
    expect(sent.map(({ jobId }) => jobId)).toEqual([1, 3]);
    expect(kept.map(({ jobId }) => jobId)).toEqual([2]);
    expect(dead.map(({ id }) => id)).toEqual(['m2']);
  });

  test('nothing more is sent after Ctrl-C', async () => {
    const { deployment, dead, jobs } = queuesWith(deadLetters(5));
    const received = await receiveDeadLetters(deployment, NOT_ABORTED);
    const { unsent } = await retryDeadLetters(deployment, received, AbortSignal.abort());
    expect(unsent).toHaveLength(5);
    expect(dead).toHaveLength(5);
    expect(jobs).toEqual([]);
  });
});
