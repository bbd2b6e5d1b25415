import type { SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { isMalformed } from '../../../cli/cloud/dead-letter-queue.ts';
import { listDeadLetters, purgeDeadLetters, retryDeadLetters } from '../../../cli/cloud/dead-letters.ts';
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
  const message = { v: 1, runId: RUN, tick: 1, first: job, last: job + 9, enqueuedAt: 5 };
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
  /** Called after each accepted batch. */
  onSent?: () => void;
  /** Jobs that a search finds, in pages of two. */
  found?: number[];
  /** Whether the control function can delete documents. */
  canForget?: boolean;
}

/** In-memory jobs queue and dead-letter queue. */
function queuesWith(
  stored: Omit<Stored, 'hidden'>[],
  { refuses, keeps, onSent, found = [], canForget = true }: Faults = {},
) {
  const dead: Stored[] = stored.map((message) => ({ ...message, hidden: false }));
  const jobs: string[] = [];
  const peak = { inFlight: 0 };
  type Input = {
    Entries?: { Id: string; ReceiptHandle: string; MessageBody: string }[];
    MaxNumberOfMessages?: number;
  };
  const handlers: Record<string, (input: Input) => unknown> = {
    ReceiveMessageCommand: ({ MaxNumberOfMessages: max }) => {
      const found = dead.filter(({ hidden }) => !hidden).slice(0, max);
      for (const message of found) message.hidden = true;
      peak.inFlight = Math.max(peak.inFlight, dead.filter(({ hidden }) => hidden).length);
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
      if (refused.length < Entries.length) onSent?.();
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
  handlers.GetQueueAttributesCommand = () => ({
    Attributes: {
      ApproximateNumberOfMessages: String(dead.length),
      ApproximateNumberOfMessagesNotVisible: '0',
      ApproximateNumberOfMessagesDelayed: '0',
    },
  });
  handlers.PurgeQueueCommand = () => ({ purged: dead.splice(0) });
  const send = async (command: { constructor: { name: string }; input: Input }) =>
    handlers[command.constructor.name]?.(command.input);
  const sqs = { send } as unknown as SQSClient;
  /** What the control function was asked to forget. */
  const forgotten: Record<string, unknown>[] = [];
  const answerTo = ({ deadLetterIds, ...request }: Record<string, unknown>) => {
    if (deadLetterIds) {
      const { after = 0 } = deadLetterIds as { after?: number };
      const jobIds = found.filter((job) => job > after).slice(0, 2);
      return { jobIds, ...(jobIds.length === 2 && { next: jobIds[1] }) };
    }
    forgotten.push(request);
    if (!canForget) return { error: { code: 'results_unavailable', message: 'the key may not delete' } };
    // All of an earlier time take two requests.
    return { forgotten: 1, more: 'before' in request && forgotten.length === 1 };
  };
  const lambda = {
    send: async ({ input }: { input: { Payload: string } }) => ({
      Payload: { transformToString: () => JSON.stringify(answerTo(JSON.parse(input.Payload))) },
    }),
  };
  const deployment = {
    target: { clients: { sqs, lambda }, command: (words: string) => words },
    functions: { status: 'status', control: 'control' },
    jobsQueueUrl: 'jobs',
    deadLetterQueueUrl: 'dead',
  } as unknown as Deployment;
  return { deployment, dead, jobs, peak, forgotten };
}

const GARBAGE = { id: 'garbage', attributes: {}, body: 'garbage' };
const deadLetters = (count: number) => Array.from({ length: count }, (_, at) => deadLetterOf(at + 1));

const ALL = { all: true, malformed: false } as const;
const hidden = (dead: Stored[]) => dead.filter((message) => message.hidden).map(({ id }) => id);

describe('listing', () => {
  test('finds each dead letter once, and releases them', async () => {
    const { deployment, dead } = queuesWith(deadLetters(157));
    const received = await listDeadLetters(deployment, NOT_ABORTED);
    expect(received.map(({ jobId }) => jobId)).toEqual(Array.from({ length: 157 }, (_, at) => at + 1));
    expect(received[0]).toMatchObject({ runId: RUN, reason: 'it broke', attempts: 5 });
    expect(hidden(dead)).toEqual([]);
  });

  test('distinguishes messages from the redrive policy and malformed ones', async () => {
    const redriven = {
      id: 'redriven',
      attributes: {},
      body: JSON.stringify({ ...JSON.parse(deadLetterOf(1).body), retry: undefined }),
    };
    const { deployment } = queuesWith([redriven, GARBAGE]);
    const received = await listDeadLetters(deployment, NOT_ABORTED);
    expect(received.find(({ messageId }) => messageId === 'redriven')).toMatchObject({
      range: { first: 1, last: 10 },
    });
    expect(received.filter(isMalformed).map(({ messageId }) => messageId)).toEqual(['garbage']);
  });
});

describe('a retry', () => {
  test('gives each message a new round and deletes it after sending, few at a time', async () => {
    const { deployment, dead, jobs, peak } = queuesWith(deadLetters(2_005));
    const progress: number[] = [];
    const result = await retryDeadLetters(deployment, ALL, NOT_ABORTED, ({ sent }) => progress.push(sent));
    expect(result).toEqual({ sent: 2_005, kept: 0, unsent: 0, malformed: 0, newer: 0 });
    expect(dead).toEqual([]);
    expect(new Set(jobs).size).toBe(2_005);
    const { retry } = JSON.parse(jobs[0] ?? '') as { retry: { round: number; jobs: number[] } };
    expect(retry.round).toBeGreaterThan(1);
    expect(retry.jobs).toHaveLength(1);
    expect(peak.inFlight).toBeLessThanOrEqual(80);
    expect(progress.at(-1)).toBe(2_005);
    expect(progress.length).toBeGreaterThan(100);
  });

  test('sends the dead letters of the given jobs, or nothing if one of the jobs has none', async () => {
    const { deployment, dead, jobs } = queuesWith([...deadLetters(40), { ...deadLetterOf(17), id: 'copy' }]);
    await expect(retryDeadLetters(deployment, { jobs: [3, 99] }, NOT_ABORTED)).rejects.toThrow('job 99');
    expect([jobs, dead.length, hidden(dead)]).toEqual([[], 41, []]);
    expect(await retryDeadLetters(deployment, { jobs: [17, 3] }, NOT_ABORTED)).toMatchObject({ sent: 3 });
    expect([dead.length, hidden(dead)]).toEqual([38, []]);
  });

  test('leaves malformed messages, unless they are wanted', async () => {
    const { deployment, dead, jobs } = queuesWith([...deadLetters(12), GARBAGE]);
    expect(await retryDeadLetters(deployment, ALL, NOT_ABORTED)).toMatchObject({ sent: 12, malformed: 1 });
    expect([dead.map(({ id }) => id), hidden(dead)]).toEqual([['garbage'], []]);
    const all = await retryDeadLetters(deployment, { all: true, malformed: true }, NOT_ABORTED);
    expect([all, jobs.at(-1), dead]).toEqual([expect.objectContaining({ sent: 1 }), 'garbage', []]);
  });

  test('does not retry again what fails again meanwhile', async () => {
    let seen = 0;
    const { deployment, dead, jobs } = queuesWith([...deadLetters(30), GARBAGE], {
      // A worker fails each job at once, and makes a dead letter of it.
      onSent: () => {
        for (; seen < jobs.length; seen++) {
          const body = jobs[seen] ?? '';
          const failedAt = { DataType: 'String', StringValue: new Date(Date.now() + 1_000).toISOString() };
          const { retry, ...message } = body.startsWith('{') ? JSON.parse(body) : {};
          const again = retry && { ...message, retry: { ...retry, round: retry.round + 1 } };
          const attributes = { reason: failedAt, lastFailedAt: failedAt };
          dead.push({
            id: `again ${seen}`,
            body: again ? JSON.stringify(again) : body,
            attributes,
            hidden: false,
          });
        }
      },
    });
    const result = await retryDeadLetters(deployment, { all: true, malformed: true }, NOT_ABORTED);
    expect(result).toMatchObject({ sent: 31, newer: 31 });
    expect([jobs.length, dead.length, hidden(dead)]).toEqual([31, 31, []]);
  });

  test('keeps a dead letter that SQS refuses, and ends when SQS refuses all', async () => {
    const refuses = (body: string) => body.includes('"jobs":[3]');
    const { deployment, dead, jobs } = queuesWith(deadLetters(12), { refuses });
    const result = await retryDeadLetters(deployment, ALL, NOT_ABORTED);
    expect(result).toMatchObject({ sent: 11, unsent: 1, reason: expect.stringContaining('too long') });
    expect([jobs.some(refuses), dead.map(({ id }) => id), hidden(dead)]).toEqual([false, ['m3'], []]);
    const down = queuesWith(deadLetters(1_000), { refuses: () => true });
    const { sent, unsent } = await retryDeadLetters(down.deployment, ALL, NOT_ABORTED);
    expect([sent, down.dead.length, hidden(down.dead)]).toEqual([0, 1_000, []]);
    expect(unsent).toBeLessThan(200);
  });

  test('reports a dead letter that could not be deleted', async () => {
    const { deployment, dead } = queuesWith(deadLetters(3), { keeps: (id) => id === 'm2' });
    expect(await retryDeadLetters(deployment, ALL, NOT_ABORTED)).toMatchObject({ sent: 2, kept: 1 });
    expect(dead.map(({ id }) => id)).toEqual(['m2']);
  });

  test('loses nothing at Ctrl-C', async () => {
    const controller = new AbortController();
    const { deployment, dead, jobs } = queuesWith(deadLetters(1_000), {
      onSent: () => jobs.length >= 300 && controller.abort(),
    });
    const { sent } = await retryDeadLetters(deployment, ALL, controller.signal);
    expect(sent).toBeLessThan(500);
    expect([jobs.length, dead.length, hidden(dead)]).toEqual([sent, 1_000 - sent, []]);
  });
});

describe('what a search finds', () => {
  const FOUND = { query: 'reason:broke' };

  test('is retried, and the rest stays', async () => {
    const { deployment, dead, jobs } = queuesWith([...deadLetters(40), GARBAGE], { found: [3, 17, 25, 99] });
    const result = await retryDeadLetters(deployment, FOUND, NOT_ABORTED);
    // Job 99 has no dead letter any more: it is being retried, or is done.
    expect(result).toEqual({ sent: 3, kept: 0, unsent: 0, malformed: 0, newer: 0, missing: 1 });
    expect([jobs.length, dead.length, hidden(dead)]).toEqual([3, 38, []]);
    expect(dead.some(({ id }) => ['m3', 'm17', 'm25'].includes(id))).toBe(false);
  });

  test('is deleted with its documents, also those that are out of date', async () => {
    const { deployment, dead, jobs, forgotten } = queuesWith(deadLetters(40), {
      found: [3, 17, 25, 99],
      keeps: (id) => id === 'm17',
    });
    const result = await purgeDeadLetters(deployment, FOUND, NOT_ABORTED);
    expect(result).toEqual({ purged: 2, kept: 1, newer: 0 });
    expect([jobs, dead.length]).toEqual([[], 38]);
    const [{ jobIds, ...rest } = {}] = forgotten;
    expect([(jobIds as number[]).sort((a, b) => a - b), rest]).toEqual([
      [3, 25, 99],
      { action: 'forget-dead-letters' },
    ]);
  });

  test('if it is nothing, changes nothing', async () => {
    const { deployment, dead, jobs, forgotten } = queuesWith(deadLetters(3));
    expect(await retryDeadLetters(deployment, FOUND, NOT_ABORTED)).toMatchObject({ sent: 0, missing: 0 });
    expect(await purgeDeadLetters(deployment, FOUND, NOT_ABORTED)).toMatchObject({ purged: 0 });
    expect([jobs, dead.length, hidden(dead), forgotten]).toEqual([[], 3, [], []]);
  });
});

describe('a purge of all', () => {
  test('deletes the queue, and then all documents of that time', async () => {
    const { deployment, dead, forgotten } = queuesWith(deadLetters(40));
    const before = new Date().toISOString();
    const result = await purgeDeadLetters(deployment, { all: true }, NOT_ABORTED);
    expect([result, dead]).toEqual([{ purged: 40, kept: 0, newer: 0 }, []]);
    expect(forgotten).toHaveLength(2);
    expect(String(forgotten[0]?.before) >= before).toBe(true);
  });

  test('says that searches still find what Elasticsearch has not deleted', async () => {
    const { deployment } = queuesWith(deadLetters(4), { canForget: false });
    const result = await purgeDeadLetters(deployment, { all: true }, NOT_ABORTED);
    expect(result).toMatchObject({ purged: 4, reason: 'The key may not delete.' });
  });
});
