import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_REASON_CHARACTERS } from '../../../../../functions/core/model/errors.ts';
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

describe('the dead letter of a job', () => {
  test('has the job, the reason, the number of attempts and the times', () => {
    const letter = deadLetterFor(message(), exhausted(), 7);
    expect(readDeadLetter(letter.MessageBody ?? '', letter.MessageAttributes, 1)).toEqual({
      jobId: 3,
      runId: RUN,
      reason: 'the disk is full',
      attempts: 5,
      firstFailedAt: '2026-11-23T21:44:12.000Z',
      lastFailedAt: '2026-11-23T21:45:12.000Z',
      jobs: 1,
    });
  });

  test('is a message that asks for that one job, with the key of the job’s message', () => {
    const letter = deadLetterFor(message(), exhausted(), 7);
    const body = parsed(letter.MessageBody);
    expect(jobsToRun(body)).toEqual([3]);
    expect(messageKey(body)).toBe(messageKey(message()));
    expect(body.retry).toEqual({ round: 7, jobs: [3] });
  });

  test('keeps fields of a later version, but not the returns of its message', () => {
    const later = { ...message({ returned: { times: 3, notBefore: NOW } }), extra: 'x' };
    const { MessageBody } = deadLetterFor(later, exhausted(), 7);
    expect(parsed(MessageBody)).toEqual({ ...message({ retry: { round: 7, jobs: jobs(3) } }), extra: 'x' });
  });

  test('counts deaths of workers as attempts', () => {
    const { MessageAttributes } = deadLetterFor(message(), exhausted({ deaths: 3 }), 7);
    expect(readDeadLetter('', MessageAttributes, 1).attempts).toBe(8);
  });

  test('becomes a retry of the same job, with a round that never goes back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.string({ maxLength: 2 * MAX_REASON_CHARACTERS }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        (number, reason, round, now) => {
          const { attempts } = exhausted({ reason });
          const letter = deadLetterFor(message(), { jobId: job(number), attempts }, round);
          const retry = parsed(retryMessageBody(letter.MessageBody ?? '', now));
          expect(retry).toEqual({ ...message(), retry: { round: Math.max(round, now), jobs: [number] } });
        },
      ),
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
  test('keeps the body, and says what is wrong with it', () => {
    const letter = malformedDeadLetter('{"v":2}', 'v: Invalid input', NOW);
    expect(letter.MessageBody).toBe('{"v":2}');
    expect(readDeadLetter('{"v":2}', letter.MessageAttributes, 1)).toEqual({
      reason: 'malformed: v: Invalid input',
      attempts: 1,
      firstFailedAt: '2026-11-23T21:45:12.000Z',
      lastFailedAt: '2026-11-23T21:45:12.000Z',
      jobs: 0,
    });
  });

  test('has a body even for an empty message, because SQS refuses an empty one', () => {
    expect(malformedDeadLetter('', 'the message is empty', NOW).MessageBody).toBe(' ');
  });

  test('has a reason of one short line', () => {
    const reason = malformedDeadLetter('x', `a\nb${'y'.repeat(10_000)}`, NOW).MessageAttributes?.reason
      ?.StringValue;
    expect(reason).toMatch(/^malformed: a by+…$/);
    expect(reason?.length).toBeLessThanOrEqual(MAX_REASON_CHARACTERS + 20);
  });

  test('has the run of a well-formed message that belongs to no tick', () => {
    const body = JSON.stringify(message());
    const letter = malformedDeadLetter(body, 'no tick of the ledger has it', NOW);
    expect(readDeadLetter(body, letter.MessageAttributes, 1)).toMatchObject({ runId: RUN, jobs: 0 });
  });

  test('is sent again unchanged', () => {
    for (const body of ['hello', '', '{"v":2}', JSON.stringify(message())])
      expect(retryMessageBody(body, NOW)).toBe(body);
  });
});

describe('a message that the redrive policy moved', () => {
  test('stands for all jobs of its message', () => {
    expect(readDeadLetter(JSON.stringify(message()), undefined, 1_000)).toEqual({
      runId: RUN,
      jobs: 10,
      reason: 'received too often without an outcome (the queue’s redrive policy)',
      attempts: 1_000,
    });
    expect(readDeadLetter(JSON.stringify(message()), {}, 7)).toMatchObject({ jobs: 10, attempts: 7 });
  });

  test('stands for the retried jobs only when it was a retry', () => {
    const retry = message({ retry: { round: 1, jobs: jobs(3, 5, 3) } });
    expect(readDeadLetter(JSON.stringify(retry), undefined, 1_000)).toMatchObject({ runId: RUN, jobs: 2 });
  });

  test('can be read even if it is malformed', () => {
    expect(readDeadLetter('hello', undefined, 3)).toEqual({
      jobs: 0,
      reason: expect.stringContaining('redrive policy'),
      attempts: 3,
    });
  });

  test('is sent again as the same message, which the ledger counts once', () => {
    const body = JSON.stringify(message());
    expect(parsed(retryMessageBody(body, NOW))).toEqual(message());
  });

  test('gets new attempts if it is a retry', () => {
    const body = JSON.stringify(message({ retry: { round: 1, jobs: jobs(3, 5) } }));
    expect(parsed(retryMessageBody(body, NOW)).retry).toEqual({ round: NOW, jobs: [3, 5] });
  });
});
