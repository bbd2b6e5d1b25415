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
import { job, jobs, message, RUN } from '../../samples.ts';

const anyMessage: fc.Arbitrary<Message> = fc
  .record({
    tick: fc.integer({ min: 1, max: 1e9 }),
    first: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - MAX_JOBS_PER_MESSAGE }),
    length: fc.integer({ min: 1, max: MAX_JOBS_PER_MESSAGE }),
    enqueuedAt: fc.nat({ max: 4e12 }),
    retried: fc.option(
      fc.record({
        round: fc.integer({ min: 1, max: 4e12 }),
        at: fc.array(fc.nat({ max: MAX_JOBS_PER_MESSAGE - 1 }), { minLength: 1, maxLength: 20 }),
      }),
    ),
    returned: fc.option(
      fc.record(
        {
          times: fc.integer({ min: 1, max: 10_000 }),
          notBefore: fc.nat({ max: 4e12 }),
          unexplained: fc.integer({ min: 1, max: 10_000 }),
          survived: fc.array(fc.stringMatching(/^[\w-]{1,64}$/), { maxLength: MAX_SURVIVED }),
        },
        { requiredKeys: ['times', 'notBefore'] },
      ),
    ),
  })
  .map(({ tick, first, length, enqueuedAt, retried, returned }) =>
    message({
      tick,
      first: job(first),
      last: job(first + length - 1),
      enqueuedAt,
      ...(retried && {
        retry: { round: retried.round, jobs: retried.at.map((at) => job(first + (at % length))) },
      }),
      ...(returned && { returned }),
    }),
  );

/** A good message's JSON with one field set to something else; `undefined` takes it away. */
function spoiled(field: string, value: unknown): string {
  return JSON.stringify({ ...message(), [field]: value });
}

describe('parseMessage', () => {
  test('gives back every message as it was sent', () => {
    fc.assert(
      fc.property(anyMessage, (sent) => {
        expect(parseMessage(JSON.stringify(sent))).toEqual({ message: sent });
      }),
    );
  });

  test('never throws, whatever the body is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'binary' })), (body) => {
        expect(parseMessage(body)).toEqual({ malformed: expect.stringMatching(/./) });
      }),
    );
  });

  test('never throws, whatever one of the fields is', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(message()), 'retry', 'returned'),
        fc.jsonValue(),
        (field, value) => {
          const parsed = parseMessage(spoiled(field, value));
          if ('malformed' in parsed) expect(parsed.malformed).not.toBe('');
          else expect(parsed.message).toMatchObject({ [field]: value });
        },
      ),
    );
  });

  test.each([
    ['nothing', '', 'the message is empty'],
    ['a word', 'hello', 'the message is not JSON'],
    ['half a message', '{"v":1,"runId":', 'the message is not JSON'],
    ['blanks', '  ', 'the message is not JSON'],
    ['a NUL', '\0', 'the message is not JSON'],
    ['null', 'null', 'the message: '],
    ['a number', '42', 'the message: '],
    ['a string', '"x"', 'the message: '],
    ['true', 'true', 'the message: '],
    ['an array', '[]', 'the message: '],
    ['a message in an array', JSON.stringify([message()]), 'the message: '],
    ['an empty object', '{}', 'v: '],
    ['JSON nested 100,000 deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'the message'],
    ['a megabyte of text', JSON.stringify('x'.repeat(1_000_000)), 'the message: '],
    ['no version', spoiled('v', undefined), 'v: '],
    ['a version from the future', spoiled('v', 2), 'v: '],
    ['a version that is a string', spoiled('v', '1'), 'v: '],
    ['no run', spoiled('runId', undefined), 'runId: '],
    ['a run that is a number', spoiled('runId', 7), 'runId: '],
    ['a run of another shape', spoiled('runId', 'run-1'), 'runId: '],
    ['a run with a second line', spoiled('runId', `${RUN}\n`), 'runId: '],
    ['a run that would be another key', spoiled('runId', `${RUN}#1`), 'runId: '],
    ['tick 0', spoiled('tick', 0), 'tick: '],
    ['a negative tick', spoiled('tick', -1), 'tick: '],
    ['half a tick', spoiled('tick', 1.5), 'tick: '],
    ['a tick that is a string', spoiled('tick', '1'), 'tick: '],
    ['no tick', spoiled('tick', null), 'tick: '],
    ['job 0', spoiled('first', 0), 'first: '],
    ['a negative job', spoiled('first', -5), 'first: '],
    ['half a job', spoiled('last', 9.5), 'last: '],
    ['a job that is an array', spoiled('first', [1]), 'first: '],
    ['a job beyond the safe integers', spoiled('last', 2 ** 53), 'last: '],
    ['a job beyond all numbers', JSON.stringify(message()).replace('"last":10', '"last":1e999'), 'last: '],
    ['no enqueuedAt', spoiled('enqueuedAt', undefined), 'enqueuedAt: '],
    ['a time before 1970', spoiled('enqueuedAt', -1), 'enqueuedAt: '],
    ['a time in words', spoiled('enqueuedAt', '2026-11-23T21:45:12Z'), 'enqueuedAt: '],
    ['last before first', spoiled('first', 11), 'last: job 10 comes before first'],
    [
      'more jobs than a message may carry',
      spoiled('last', MAX_JOBS_PER_MESSAGE + 1),
      'last: more than 500 jobs in one message',
    ],
    ['a retry that is null', spoiled('retry', null), 'retry: '],
    ['a retry that is an array', spoiled('retry', []), 'retry: '],
    ['a retry without a number', spoiled('retry', { jobs: [1] }), 'retry.round: '],
    ['retry 0', spoiled('retry', { round: 0, jobs: [1] }), 'retry.round: '],
    ['half a retry', spoiled('retry', { round: 1.5, jobs: [1] }), 'retry.round: '],
    ['a retry with a name', spoiled('retry', { round: 'a', jobs: [1] }), 'retry.round: '],
    ['a retry without jobs', spoiled('retry', { round: 1 }), 'retry.jobs: '],
    ['a retry of no job', spoiled('retry', { round: 1, jobs: [] }), 'retry.jobs: '],
    ['a retry of half a job', spoiled('retry', { round: 1, jobs: [1.5] }), 'retry.jobs.0: '],
    ['a retry of a string', spoiled('retry', { round: 1, jobs: ['1'] }), 'retry.jobs.0: '],
    [
      'a retry of a job after the message',
      spoiled('retry', { round: 1, jobs: [11] }),
      'retry.jobs: a job outside',
    ],
    [
      'a retry of a job before the message',
      JSON.stringify(message({ first: job(5), retry: { round: 1, jobs: jobs(5, 4) } })),
      'retry.jobs: a job outside',
    ],
    [
      'a retry of too many jobs',
      spoiled('retry', { round: 1, jobs: Array(MAX_JOBS_PER_MESSAGE + 1).fill(1) }),
      'retry.jobs: ',
    ],
    ['what was returned no times', spoiled('returned', { times: 0, notBefore: 0 }), 'returned.times: '],
    ['what was returned for no time', spoiled('returned', { times: 1 }), 'returned.notBefore: '],
    [
      'what waits for the end of all days',
      spoiled('returned', { times: 1, notBefore: 8.64e15 + 1 }),
      'returned.notBefore: ',
    ],
    ...[0, -1, 0.5, true, '1', null].map((unexplained): [string, string, string] => [
      `what came back by itself ${unexplained} times`,
      spoiled('returned', { times: 1, notBefore: 0, unexplained }),
      'returned.unexplained: ',
    ]),
    [
      'a lease of any name',
      spoiled('returned', { times: 1, notBefore: 0, survived: ['a b'] }),
      'returned.survived.0: ',
    ],
    [
      'too many leases',
      spoiled('returned', { times: 1, notBefore: 0, survived: Array(MAX_SURVIVED + 1).fill('a') }),
      'returned.survived: ',
    ],
  ])('finds %s malformed and says where', (_what, body, reason) => {
    const parsed = parseMessage(body);
    expect(parsed).toEqual({ malformed: expect.stringContaining(reason) });
    // The field and something about it.
    expect((parsed as { malformed: string }).malformed.length).toBeGreaterThan(reason.length - 1);
  });

  test('says what is wrong in words, not only that something is', () => {
    expect(parseMessage(spoiled('tick', '1'))).toEqual({
      malformed: 'tick: Invalid input: expected number, received string',
    });
  });

  test('takes a message of exactly as many jobs as it may carry', () => {
    const largest = message({ last: job(MAX_JOBS_PER_MESSAGE) });
    expect(parseMessage(JSON.stringify(largest))).toEqual({ message: largest });
  });

  test('is not fooled by __proto__, constructor or prototype keys', () => {
    const fields = JSON.stringify(message()).slice(1);
    const polluted = `{"__proto__":{"retry":{"round":1,"jobs":[1]},"polluted":true},"constructor":{"prototype":{"polluted":true}},${fields}`;
    const parsed = parseMessage(polluted);
    expect(parsed).toMatchObject({ message: message() });
    expect(Object.getPrototypeOf((parsed as { message: Message }).message)).toBe(Object.prototype);
    expect((parsed as { message: Message }).message.retry).toBeUndefined();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    // All its fields in the prototype are no fields at all.
    expect(parseMessage(`{"__proto__":${JSON.stringify(message())}}`)).toHaveProperty('malformed');
  });

  test('keeps fields that it does not know, for a later version that has sent them', () => {
    expect(parseMessage(spoiled('extra', { a: 1 }))).toEqual({ message: { ...message(), extra: { a: 1 } } });
  });
});

describe('jobsOf', () => {
  test('names every job from first to last, both included', () => {
    expect(jobsToRun(message({ first: job(7), last: job(9) }))).toEqual([7, 8, 9]);
    expect(jobsToRun(message({ first: job(7), last: job(7) }))).toEqual([7]);
  });

  test('names only the retried jobs, each once, when dead letters are sent again', () => {
    expect(jobsToRun(message({ retry: { round: 1, jobs: jobs(3, 5, 3) } }))).toEqual([3, 5]);
  });
});

describe('messageKey', () => {
  test('is the same for a message, its duplicates, its retries, and what is sent back of it', () => {
    const again = message({ enqueuedAt: 0 });
    const retried = message({ retry: { round: 1, jobs: jobs(3) } });
    const returned = message({ returned: { times: 1, notBefore: 0 } });
    expect(new Set([message(), again, retried, returned].map(messageKey)).size).toBe(1);
  });

  test('differs between any two messages of different runs, ticks or jobs', () => {
    fc.assert(
      fc.property(anyMessage, anyMessage, (one, other) => {
        const same = one.tick === other.tick && one.first === other.first && one.last === other.last;
        expect(messageKey(one) === messageKey(other)).toBe(same);
      }),
    );
    expect(messageKey(message({ runId: '20261123-214512-k3f8' as RunId }))).not.toBe(messageKey(message()));
  });
});
