import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ApiError,
  ConditionFailed,
  isTransient,
  MAX_REASON_CHARACTERS,
  PermanentError,
  reasonFrom,
  Unavailable,
} from '../../../../../functions/core/model/errors.ts';

const errorWith = (fields: object) => Object.assign(new Error('x'), fields);

describe('reasonFrom', () => {
  test('is the message of an Error, or describes the thrown value', () => {
    for (const [thrown, reason] of [
      [new Error('the disk is full'), 'the disk is full'],
      [new TypeError('x is not a function'), 'TypeError: x is not a function'],
      [new PermanentError('no such customer'), 'PermanentError: no such customer'],
      [Object.assign(new Error(), { code: 'ECONNRESET' }), 'ECONNRESET'],
      [
        new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:1') }),
        'TypeError: fetch failed: connect ECONNREFUSED 127.0.0.1:1',
      ],
      [new Error(), 'an Error without a message was thrown'],
      [new Error('\n'), 'an Error without a message was thrown'],
      ['boom', 'something that is not an Error was thrown: boom'],
      [undefined, 'something that is not an Error was thrown: undefined'],
      [null, 'something that is not an Error was thrown: null'],
      [Symbol('boom'), 'something that is not an Error was thrown: Symbol(boom)'],
    ])
      expect(reasonFrom(thrown)).toBe(reason);
  });

  test('is never empty and never throws, even if the thrown value cannot be read', () => {
    const fail = () => {
      throw new Error('no');
    };
    for (const thrown of [
      Object.create(null),
      { toString: fail },
      Object.defineProperty(new Error('x'), 'message', { get: fail }),
      errorWith({ message: Object.create(null) }),
      errorWith({ name: Symbol('x') }),
    ])
      expect(reasonFrom(thrown)).toMatch(/./);
  });

  test('is one line without control characters', () => {
    expect(reasonFrom(new Error('one\r\ntwo\tthree\u001b[31m\0four\u0085five\u007f'))).toBe(
      'one two three [31m four five',
    );
    expect(reasonFrom(new Error('one\u2028two\u2029three'))).toBe('one two three');
  });

  test('is bounded, and marked where it is cut', () => {
    expect(reasonFrom(new Error('x'.repeat(MAX_REASON_CHARACTERS)))).toBe('x'.repeat(MAX_REASON_CHARACTERS));
    const cut = reasonFrom(new Error('x'.repeat(1_000_000)));
    expect(cut).toHaveLength(MAX_REASON_CHARACTERS);
    expect(cut.endsWith('x…')).toBe(true);
  });

  test('has only characters that SQS allows, wherever it is cut', () => {
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    const ALLOWED = /^[\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;
    // Half of a surrogate pair, and two code points that are no characters.
    expect(reasonFrom(new Error('a\ud83db\ufffec\uffffd'))).toBe('a b c d');
    for (let length = MAX_REASON_CHARACTERS - 3; length < MAX_REASON_CHARACTERS + 3; length++)
      expect(reasonFrom(new Error(`${'x'.repeat(length)}🥁🥁`))).toMatch(ALLOWED);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const reason = reasonFrom(new Error(text));
        expect(reason).toMatch(ALLOWED);
        expect(reason.length).toBeLessThanOrEqual(MAX_REASON_CHARACTERS);
      }),
    );
  });
});

test('isTransient is true for errors of a service or the network, and false for errors of the caller', () => {
  for (const transient of [
    { name: 'ThrottlingException' },
    { name: 'ProvisionedThroughputExceededException' },
    { name: 'TimeoutError' },
    // An answer that is not JSON.
    { name: 'SyntaxError' },
    { $metadata: { httpStatusCode: 500 } },
    { $metadata: { httpStatusCode: 503 } },
    ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAI_AGAIN'].map((code) => ({ code })),
  ])
    expect(isTransient(errorWith(transient)), JSON.stringify(transient)).toBe(true);
  for (const name of ['ValidationException', 'AccessDeniedException', 'QueueDoesNotExist'])
    expect(isTransient(errorWith({ name, $metadata: { httpStatusCode: 400 } })), name).toBe(false);
  for (const other of [new TypeError('x is not a function'), 'ThrottlingException', undefined])
    expect(isTransient(other)).toBe(false);
});

test('Unavailable names the service and the reason, and keeps nothing of the request', () => {
  const error = new Unavailable('results', errorWith({ message: 'connect', code: 'ECONNREFUSED' }));
  expect(error.message).toBe("the results can't be used just now: connect");
  expect(error).toMatchObject({ name: 'Unavailable', service: 'results' });
  expect(error.cause).toBeUndefined();
});

test('ConditionFailed has the positions of the writes that failed', () => {
  expect(new ConditionFailed([0, 2])).toMatchObject({ name: 'ConditionFailed', failedWrites: [0, 2] });
});

test('the body of an ApiError has details only if there are any', () => {
  expect(new ApiError('no_active_run', 'no run is active').toBody()).toEqual({
    error: { code: 'no_active_run', message: 'no run is active' },
  });
  expect(new ApiError('run_active', 'stop it', { runId: 'x' }).toBody()).toEqual({
    error: { code: 'run_active', message: 'stop it', details: { runId: 'x' } },
  });
});
