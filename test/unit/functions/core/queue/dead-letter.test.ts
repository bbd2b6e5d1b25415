import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_REASON_CHARACTERS } from '../../../../../functions/core/model/errors.ts';
import { MAX_JSON_CHARACTERS } from '../../../../../functions/core/model/item.ts';
import {
  jobsToRun,
  type Message,
  messageKey,
  parseMessage,
} from '../../../../../functions/core/model/message.ts';
import type { ExhaustedJob } from '../../../../../functions/core/model/message-record.ts';
import {
  deadLetterFor,
  malformedDeadLetter,
  readDeadLetter,
  retryMessageBody,
} from '../../../../../functions/core/queue/dead-letter.ts';
import { MAX_BATCH_BYTES } from '../../../../../functions/core/queue/queue.ts';
import { job, jobs, message, NOW, RUN } from '../../../../fixtures/ledger.ts';

function exhausted(change: Partial<ExhaustedJob['attempts']> = {}): ExhaustedJob {
  return {
    jobId: job(3),
    attempts: { count: 5, firstAt: NOW - 60_000, lastAt: NOW, reason: 'the disk is full', ...change },
  };
}

function parsed(body: string | undefined): Message {
  const outcome = parseMessage(body ?? '');
  if ('malformed' in outcome) throw new Error(outcome.malformed);
  return outcome.message;
}

const times = { firstFailedAt: '2026-11-23T21:44:12.000Z', lastFailedAt: '2026-11-23T21:45:12.000Z' };

describe('the dead letter of a job', () => {
  test('has the job, the reason, the number of attempts (including deaths of workers) and the times', () => {
    for (const [deaths, attempts] of [
      [undefined, 5],
      [3, 8],
    ]) {
      const letter = deadLetterFor(message(), exhausted(deaths ? { deaths } : {}), 7);
      expect(readDeadLetter(letter.MessageBody ?? '', letter.MessageAttributes, 1)).toEqual({
        ...{ jobId: 3, runId: RUN, reason: 'the disk is full', attempts, jobs: 1 },
        ...times,
      });
    }
  });

  test('is a retry of that job, with the fields of a later version, but without the returns of its message', () => {
    const later = { ...message({ returned: { times: 3, notBefore: NOW } }), extra: 'x' };
    const body = parsed(deadLetterFor(later, exhausted(), 7).MessageBody);
    expect(body).toEqual({ ...message({ retry: { round: 7, jobs: jobs(3) } }), extra: 'x' });
    expect(jobsToRun(body)).toEqual([3]);
    expect(messageKey(body)).toBe(messageKey(message()));
  });

  test('has the item of its job, which SQS accepts and a retry does not carry', () => {
    const largest = ['€'.repeat(MAX_JSON_CHARACTERS - 2), '\u{1f941}'.repeat((MAX_JSON_CHARACTERS - 2) / 2)];
    // The message is a dead letter that SQS has moved back, with the item of another job.
    const moved = { ...message(), item: 'of another job' } as Message;
    for (const item of [17, null, { id: 'c1' }, '\ufffe\uffff\ud800\0\x7f', ...largest]) {
      const { MessageBody: body = '', MessageAttributes } = deadLetterFor(moved, exhausted(), 7, { item });
      expect(readDeadLetter(body, MessageAttributes, 1)).toMatchObject({ jobId: 3, item });
      // The characters that SQS accepts ("SendMessage", MessageBody).
      expect(body).toMatch(/^[\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
      expect(Buffer.byteLength(body)).toBeLessThan(MAX_BATCH_BYTES - 10_000);
      expect(parsed(retryMessageBody(body, NOW))).not.toHaveProperty('item');
    }
    const { MessageBody } = deadLetterFor(moved, exhausted(), 7, { problem: 'gone' });
    expect(parsed(MessageBody)).not.toHaveProperty('item');
  });

  test('becomes a retry of the same job, with a round that never goes back', () => {
    const small = fc.integer({ min: 1, max: 20 });
    const reasons = fc.string({ maxLength: 2 * MAX_REASON_CHARACTERS });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), reasons, small, small, (number, reason, round, now) => {
        const { attempts } = exhausted({ reason });
        const letter = deadLetterFor(message(), { jobId: job(number), attempts }, round);
        const retry = parsed(retryMessageBody(letter.MessageBody ?? '', now));
        expect(retry).toEqual({ ...message(), retry: { round: Math.max(round, now), jobs: [number] } });
      }),
    );
  });

  test('has attributes that SQS accepts: at most ten, none empty, the reason bounded', () => {
    for (const reason of ['', 'x'.repeat(100_000)]) {
      const { MessageAttributes: attributes = {} } = deadLetterFor(message(), exhausted({ reason }), 7);
      expect(Object.keys(attributes).length).toBeLessThanOrEqual(10);
      for (const { StringValue, DataType } of Object.values(attributes)) {
        expect(StringValue).toMatch(/./);
        expect(DataType).toMatch(/^(String|Number)$/);
        expect((StringValue ?? '').length).toBeLessThanOrEqual(MAX_REASON_CHARACTERS + 20);
      }
    }
  });
});

describe('the dead letter of a malformed message', () => {
  test('keeps the body, with the reason, and is sent again unchanged', () => {
    const wellFormed = JSON.stringify(message());
    for (const [body, kept, run] of [
      ['{"v":0}', '{"v":0}', {}],
      ['hello', 'hello', {}],
      // SQS refuses an empty body.
      ['', ' ', {}],
      // A well-formed message that belongs to no tick.
      [wellFormed, wellFormed, { runId: RUN }],
    ] as const) {
      const letter = malformedDeadLetter(body, 'v: Invalid input', NOW);
      expect(letter.MessageBody).toBe(kept);
      expect(readDeadLetter(body, letter.MessageAttributes, 1)).toEqual({
        ...{ ...run, reason: 'malformed: v: Invalid input', attempts: 1, jobs: 0 },
        ...{ firstFailedAt: times.lastFailedAt, lastFailedAt: times.lastFailedAt },
      });
      expect(retryMessageBody(body, NOW)).toBe(body);
    }
  });

  test('has a reason of one short line', () => {
    const { MessageAttributes } = malformedDeadLetter('x', `a\nb${'y'.repeat(10_000)}`, NOW);
    const reason = MessageAttributes?.reason?.StringValue;
    expect(reason).toMatch(/^malformed: a by+…$/);
    expect(reason?.length).toBeLessThanOrEqual(MAX_REASON_CHARACTERS + 20);
  });
});

test('a message that the redrive policy moved stands for its jobs, or for its retried jobs, and is sent again for them', () => {
  const retry = { round: 1, jobs: jobs(3, 5, 3) };
  for (const [moved, count, again] of [
    [message(), 10, message()],
    // The retry is new, so its jobs have new attempts.
    [message({ retry }), 2, message({ retry: { ...retry, round: NOW } })],
  ] as const)
    for (const attributes of [undefined, {}]) {
      const body = JSON.stringify(moved);
      expect(readDeadLetter(body, attributes, 7)).toEqual({
        ...{ runId: RUN, jobs: count, attempts: 7 },
        reason: 'received too often without an outcome (the queue’s redrive policy)',
      });
      expect(parsed(retryMessageBody(body, NOW))).toEqual(again);
    }
  const malformed = { jobs: 0, reason: expect.stringContaining('redrive policy'), attempts: 3 };
  expect(readDeadLetter('hello', undefined, 3)).toEqual(malformed);
});
