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
const going = new AbortController().signal;

interface Stored {
  id: string;
  body: string;
  attributes: Record<string, { DataType: string; StringValue: string }>;
  hidden: boolean;
}

function letterOf(job: number): Omit<Stored, 'hidden'> {
  const message = { v: 1, runId: RUN, tick: 1, first: 1, last: 10, enqueuedAt: 5 };
  const attribute = (value: string) => ({ DataType: 'String', StringValue: value });
  return {
    id: `m${job}`,
    body: JSON.stringify({ ...message, retry: { round: 1, jobs: [job] } }),
    attributes: { reason: attribute('it broke'), attempts: attribute('5'), jobId: attribute(String(job)) },
  };
}

interface Faults {
  /** Whether SQS refuses to take a body. */
  refuses?: (body: string) => boolean;
  /** Whether a letter can't be deleted. */
  keeps?: (id: string) => boolean;
}

/** Both queues, as far as the command uses them. */
function queuesWith(letters: Omit<Stored, 'hidden'>[], { refuses, keeps }: Faults = {}) {
  const dead: Stored[] = letters.map((letter) => ({ ...letter, hidden: false }));
  const jobs: string[] = [];
  type Input = {
    Entries?: { Id: string; ReceiptHandle: string; MessageBody: string }[];
    MaxNumberOfMessages?: number;
  };
  const handlers: Record<string, (input: Input) => unknown> = {
    ReceiveMessageCommand: ({ MaxNumberOfMessages: most }) => {
      const found = dead.filter(({ hidden }) => !hidden).slice(0, most);
      for (const letter of found) letter.hidden = true;
      return {
        Messages: found.map(({ id, body, attributes }) => ({
          ...{ MessageId: id, ReceiptHandle: id, Body: body, MessageAttributes: attributes },
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
        dead.splice(
          dead.findIndex(({ id }) => id === ReceiptHandle),
          1,
        );
      }
      return { Failed: kept.map(({ Id }) => ({ Id })) };
    },
    ChangeMessageVisibilityBatchCommand: ({ Entries = [] }) => {
      for (const { ReceiptHandle } of Entries) {
        const letter = dead.find(({ id }) => id === ReceiptHandle);
        if (letter) letter.hidden = false;
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

const range = (count: number) => Array.from({ length: count }, (_, at) => letterOf(at + 1));

describe('listing', () => {
  test('finds all letters, each once, and leaves them to be found again', async () => {
    const { deployment, dead } = queuesWith(range(57));
    const letters = await receiveDeadLetters(deployment, going);
    expect(letters.map(({ jobId }) => jobId)).toEqual(Array.from({ length: 57 }, (_, at) => at + 1));
    expect(letters[0]).toMatchObject({ runId: RUN, reason: 'it broke', attempts: 5 });
    await releaseDeadLetters(deployment, letters);
    expect(dead.filter(({ hidden }) => hidden)).toEqual([]);
  });

  test('knows what came by the redrive policy, and what nothing can be read from', async () => {
    const whole = {
      id: 'w',
      attributes: {},
      body: JSON.stringify({ ...JSON.parse(letterOf(1).body), retry: undefined }),
    };
    const { deployment } = queuesWith([whole, { id: 'g', attributes: {}, body: 'garbage' }]);
    const letters = await receiveDeadLetters(deployment, going);
    expect(letters.find(({ messageId }) => messageId === 'w')).toMatchObject({
      range: { first: 1, last: 10 },
    });
    expect(letters.filter(isMalformed).map(({ messageId }) => messageId)).toEqual(['g']);
  });
});

describe('sending again', () => {
  test('sends each by a name of its own, and then deletes it', async () => {
    const { deployment, dead, jobs } = queuesWith(range(25));
    const resent = await retryDeadLetters(deployment, await receiveDeadLetters(deployment, going), going);
    expect(resent.sent).toHaveLength(25);
    expect(dead).toEqual([]);
    expect(jobs).toHaveLength(25);
    const { retry } = JSON.parse(jobs[0] ?? '') as { retry: { round: number; jobs: number[] } };
    expect(retry.round).toBeGreaterThan(1);
    expect(retry.jobs).toHaveLength(1);
  });

  test('what SQS does not take stays a dead letter', async () => {
    const refuses = (body: string) => body.includes('"jobs":[3]');
    const { deployment, dead, jobs } = queuesWith(range(12), { refuses });
    const resent = await retryDeadLetters(deployment, await receiveDeadLetters(deployment, going), going);
    expect(resent.reason).toContain('too long');
    expect(jobs.some(refuses)).toBe(false);
    expect(dead.map(({ id }) => id)).toEqual(['m3']);
    expect(resent.unsent.map(({ jobId }) => jobId)).toEqual([3]);
    expect(resent.sent).toHaveLength(11);
  });

  test('what can’t be deleted is told', async () => {
    const { deployment, dead } = queuesWith(range(3), { keeps: (id) => id === 'm2' });
    const { sent, kept } = await retryDeadLetters(
      deployment,
      await receiveDeadLetters(deployment, going),
      going,
    );
    expect(sent.map(({ jobId }) => jobId)).toEqual([1, 3]);
    expect(kept.map(({ jobId }) => jobId)).toEqual([2]);
    expect(dead.map(({ id }) => id)).toEqual(['m2']);
  });

  test('after Ctrl-C no more are sent', async () => {
    const { deployment, dead, jobs } = queuesWith(range(5));
    const letters = await receiveDeadLetters(deployment, going);
    const { unsent } = await retryDeadLetters(deployment, letters, AbortSignal.abort());
    expect(unsent).toHaveLength(5);
    expect(dead).toHaveLength(5);
    expect(jobs).toEqual([]);
  });
});
