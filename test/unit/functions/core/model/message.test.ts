import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RunId } from '../../../../../functions/core/model/ids.ts';
import {
  jobsToRun,
  MAX_JOBS_PER_MESSAGE,
  MAX_SURVIVED,
  type Message,
  messageKey,
  parseMessage,
} from '../../../../../functions/core/model/message.ts';
import { job, jobs, message, messageFrom, RUN } from '../../../../fixtures/ledger.ts';

const retries = fc.record({
  round: fc.integer({ min: 1, max: 4e12 }),
  at: fc.array(fc.nat({ max: MAX_JOBS_PER_MESSAGE - 1 }), { minLength: 1, maxLength: 20 }),
});
const returns = fc.record(
  {
    times: fc.integer({ min: 1, max: 10_000 }),
    notBefore: fc.nat({ max: 4e12 }),
    unexplained: fc.integer({ min: 1, max: 10_000 }),
    survived: fc.array(fc.stringMatching(/^[\w-]{1,64}$/), { maxLength: MAX_SURVIVED }),
  },
  { requiredKeys: ['times', 'notBefore'] },
);
const messages: fc.Arbitrary<Message> = fc
  .record({
    tick: fc.integer({ min: 1, max: 1e9 }),
    first: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - MAX_JOBS_PER_MESSAGE }),
    length: fc.integer({ min: 1, max: MAX_JOBS_PER_MESSAGE }),
    enqueuedAt: fc.nat({ max: 4e12 }),
    retry: fc.option(retries),
    returned: fc.option(returns),
  })
  .map(({ tick, first, length, enqueuedAt, retry, returned }) =>
    messageFrom(first, length, {
      tick,
      enqueuedAt,
      ...(retry && {
        retry: { round: retry.round, jobs: retry.at.map((at) => job(first + (at % length))) },
      }),
      ...(returned && { returned }),
    }),
  );

/** A good message with one field changed; undefined removes the field. */
const withField = (field: string, value: unknown) => JSON.stringify({ ...message(), [field]: value });
const withRetry = (retry: object) => withField('retry', retry);
const withReturned = (change: object) => withField('returned', { times: 1, notBefore: 0, ...change });

describe('parseMessage', () => {
  test('returns every message as it was sent', () => {
    fc.assert(
      fc.property(messages, (sent) => {
        expect(parseMessage(JSON.stringify(sent))).toEqual({ message: sent });
      }),
    );
    const largest = messageFrom(1, MAX_JOBS_PER_MESSAGE);
    expect(parseMessage(JSON.stringify(largest))).toEqual({ message: largest });
    // A later version may have more fields.
    expect(parseMessage(withField('extra', { a: 1 }))).toEqual({
      message: { ...message(), extra: { a: 1 } },
    });
  });

  test('never throws, whatever the body or one of its fields is', () => {
    const bodies = fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(bodies, (body) => {
        expect(parseMessage(body)).toEqual({ malformed: expect.stringMatching(/./) });
      }),
    );
    const fields = fc.constantFrom(...Object.keys(message()), 'retry', 'returned');
    fc.assert(
      fc.property(fields, fc.jsonValue(), (field, value) => {
        const parsed = parseMessage(withField(field, value));
        if ('malformed' in parsed) expect(parsed.malformed).not.toBe('');
        else expect(parsed.message).toMatchObject({ [field]: value });
      }),
    );
  });

  test.each<[string, ...string[]]>([
    ['the message is empty', ''],
    ['the message is not JSON', 'hello', '{"v":1,"runId":', '  ', '\0'],
    ['the message: ', 'null', '42', '"x"', 'true', '[]', `[${JSON.stringify(message())}]`],
    ['v: ', '{}', ...[undefined, 2, '1'].map((v) => withField('v', v))],
    ['runId: ', ...[undefined, 7, 'run-1', `${RUN}\n`, `${RUN}#1`].map((id) => withField('runId', id))],
    ['tick: ', ...[0, -1, 1.5, null].map((tick) => withField('tick', tick))],
    ['tick: Invalid input: expected number, received string', withField('tick', '1')],
    ['first: ', ...[0, -5, [1]].map((first) => withField('first', first))],
    ['last: ', withField('last', 9.5), withField('last', 2 ** 53)],
    ['last: ', JSON.stringify(message()).replace('"last":10', '"last":1e999')],
    ['last: job 10 comes before first', withField('first', 11)],
    ['last: more than 500 jobs in one message', withField('last', MAX_JOBS_PER_MESSAGE + 1)],
    ['enqueuedAt: ', ...[undefined, -1, '2026-11-23T21:45:12Z'].map((at) => withField('enqueuedAt', at))],
    ['retry: ', withField('retry', null), withField('retry', [])],
    ['retry.round: ', ...[undefined, 0, 1.5, 'a'].map((round) => withRetry({ round, jobs: [1] }))],
    ['retry.jobs: ', withRetry({ round: 1 }), withRetry({ round: 1, jobs: [] })],
    ['retry.jobs: ', withRetry({ round: 1, jobs: Array(MAX_JOBS_PER_MESSAGE + 1).fill(1) })],
    ['retry.jobs.0: ', withRetry({ round: 1, jobs: [1.5] }), withRetry({ round: 1, jobs: ['1'] })],
    [
      'retry.jobs: a job outside',
      withRetry({ round: 1, jobs: [11] }),
      JSON.stringify(messageFrom(5, 6, { retry: { round: 1, jobs: jobs(5, 4) } })),
    ],
    ['returned.times: ', withReturned({ times: 0 })],
    [
      'returned.notBefore: ',
      withReturned({ notBefore: undefined }),
      withReturned({ notBefore: 8.64e15 + 1 }),
    ],
    [
      'returned.unexplained: ',
      ...[0, -1, 0.5, true, '1', null].map((unexplained) => withReturned({ unexplained })),
    ],
    ['returned.survived: ', withReturned({ survived: Array(MAX_SURVIVED + 1).fill('a') })],
  ])('says what is malformed: %s', (reason, ...bodies) => {
    for (const body of bodies) {
      const { malformed } = parseMessage(body) as { malformed: string };
      expect(malformed, body).toContain(reason);
      // Not only the field, but also what is wrong with it.
      if (reason.endsWith(': ')) expect(malformed.length, body).toBeGreaterThan(reason.length);
    }
  });
});

test('jobsToRun are all jobs of the range, or the jobs of the retry, each once', () => {
  expect(jobsToRun(messageFrom(7, 3))).toEqual([7, 8, 9]);
  expect(jobsToRun(messageFrom(7, 1))).toEqual([7]);
  expect(jobsToRun(message({ retry: { round: 1, jobs: jobs(3, 5, 3) } }))).toEqual([3, 5]);
});

test('messageKey is the same for copies, retries and returns of a message, and different for any other', () => {
  const retried = message({ retry: { round: 1, jobs: jobs(3) } });
  const returned = message({ returned: { times: 1, notBefore: 0 } });
  const copies = [message(), message({ enqueuedAt: 0 }), retried, returned];
  expect(new Set(copies.map(messageKey)).size).toBe(1);
  fc.assert(
    fc.property(messages, messages, (one, other) => {
      const same = one.tick === other.tick && one.first === other.first && one.last === other.last;
      expect(messageKey(one) === messageKey(other)).toBe(same);
    }),
  );
  expect(messageKey(message({ runId: '20261123-214512-k3f8' as RunId }))).not.toBe(messageKey(message()));
});
