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

describe('reasonOf', () => {
  test('gives an error’s message, with its name when that says something', () => {
    expect(reasonFrom(new Error('the disk is full'))).toBe('the disk is full');
    expect(reasonFrom(new TypeError('x is not a function'))).toBe('TypeError: x is not a function');
    expect(reasonFrom(new PermanentError('no such customer'))).toBe('PermanentError: no such customer');
  });

  test('gives the code of an error without words', () => {
    expect(reasonFrom(Object.assign(new Error(), { code: 'ECONNRESET' }))).toBe('ECONNRESET');
  });

  test('is never empty, so that a dead letter always has a reason', () => {
    expect(reasonFrom(new Error())).toBe('an Error without a message was thrown');
    expect(reasonFrom(new Error('\n'))).toBe('an Error without a message was thrown');
  });

  test('says so when something else than an Error was thrown', () => {
    expect(reasonFrom('boom')).toBe('something that is not an Error was thrown: boom');
    expect(reasonFrom(undefined)).toBe('something that is not an Error was thrown: undefined');
    expect(reasonFrom(null)).toBe('something that is not an Error was thrown: null');
    expect(reasonFrom(Symbol('boom'))).toBe('something that is not an Error was thrown: Symbol(boom)');
  });

  test.each([
    ['an object without a prototype', Object.create(null)],
    [
      'an object that can’t be written as text',
      {
        toString() {
          throw new Error('no');
        },
      },
    ],
    [
      'an Error whose message can’t be read',
      Object.defineProperty(new Error('x'), 'message', {
        get() {
          throw new Error('no');
        },
      }),
    ],
    ['an Error whose message is no text', Object.assign(new Error('x'), { message: Object.create(null) })],
    ['an Error whose name is a symbol', Object.assign(new Error('x'), { name: Symbol('x') })],
  ])('never throws itself, even for %s', (_what, thrown) => {
    expect(reasonFrom(thrown)).toMatch(/./);
  });

  test('is one line without control characters', () => {
    expect(reasonFrom(new Error('one\r\ntwo\tthree\u001b[31m\0four\u0085five\u007f'))).toBe(
      'one two three [31m four five',
    );
    expect(reasonFrom(new Error('one\u2028two\u2029three'))).toBe('one two three');
  });

  test('is bounded, and says when it was cut', () => {
    expect(reasonFrom(new Error('x'.repeat(MAX_REASON_CHARACTERS)))).toBe('x'.repeat(MAX_REASON_CHARACTERS));
    const cut = reasonFrom(new Error('x'.repeat(1_000_000)));
    expect(cut).toHaveLength(MAX_REASON_CHARACTERS);
    expect(cut.endsWith('x…')).toBe(true);
  });

  test('holds only characters that SQS takes, wherever it is cut', () => {
    // Half of a surrogate pair, and the two code points that are no characters.
    expect(reasonFrom(new Error('a\ud83db\ufffec\uffffd'))).toBe('a b c d');
    for (let length = MAX_REASON_CHARACTERS - 3; length < MAX_REASON_CHARACTERS + 3; length++) {
      expect(reasonFrom(new Error(`${'x'.repeat(length)}🥁🥁`))).toSatisfy(sqsTakes);
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const reason = reasonFrom(new Error(text));
        expect(reason).toSatisfy(sqsTakes);
        expect(reason.length).toBeLessThanOrEqual(MAX_REASON_CHARACTERS);
      }),
    );
  });
});

/**
 * One line of what a message or an attribute may have in it:
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
function sqsTakes(text: string): boolean {
  return /^[\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u.test(text);
}

describe('isTransient', () => {
  test.each([
    ['throttling', { name: 'ThrottlingException' }],
    ['a table’s throughput', { name: 'ProvisionedThroughputExceededException' }],
    ['a timeout', { name: 'TimeoutError' }],
    ['a 500', { $metadata: { httpStatusCode: 500 } }],
    ['a 503', { $metadata: { httpStatusCode: 503 } }],
    ['a refused connection', { code: 'ECONNREFUSED' }],
    ['a connection that was reset', { code: 'ECONNRESET' }],
    ['a broken pipe', { code: 'EPIPE' }],
    ['a name server that does not answer', { code: 'EAI_AGAIN' }],
    ['an answer that is no JSON', { name: 'SyntaxError' }],
  ])('blames the service for %s', (_what, shape) => {
    expect(isTransient(Object.assign(new Error('x'), shape))).toBe(true);
  });

  test.each([
    [
      'a wrong request',
      Object.assign(new Error('x'), { name: 'ValidationException', $metadata: { httpStatusCode: 400 } }),
    ],
    [
      'a missing permission',
      Object.assign(new Error('x'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } }),
    ],
    ['a missing queue', Object.assign(new Error('x'), { name: 'QueueDoesNotExist' })],
    ['a bug', new TypeError('x is not a function')],
    ['a string', 'ThrottlingException'],
    ['nothing', undefined],
  ])('does not excuse %s', (_what, error) => {
    expect(isTransient(error)).toBe(false);
  });
});

describe('the errors', () => {
  test('name the service that is down and why, and hold nothing of a request', () => {
    const cause = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    const error = new Unavailable('results', cause);
    expect(error.message).toBe("the results can't be used just now: connect");
    expect(error).toMatchObject({ name: 'Unavailable', service: 'results' });
    expect(error.cause).toBeUndefined();
  });

  test('say which writes of a transaction failed', () => {
    expect(new ConditionFailed([0, 2])).toMatchObject({ name: 'ConditionFailed', at: [0, 2] });
  });

  test('answer a refusal with details only where there are some', () => {
    expect(new ApiError('no_active_run', 'no run is active').toBody()).toEqual({
      error: { code: 'no_active_run', message: 'no run is active' },
    });
    expect(new ApiError('run_active', 'stop it', { runId: 'x' }).toBody()).toEqual({
      error: { code: 'run_active', message: 'stop it', details: { runId: 'x' } },
    });
  });
});
