import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ConditionFailed,
  isTransient,
  MAX_REASON,
  PermanentError,
  Refusal,
  reasonOf,
  Unavailable,
} from '../../../../../functions/core/model/errors.ts';

describe('reasonOf', () => {
  test('gives an error’s message, with its name when that says something', () => {
    expect(reasonOf(new Error('the disk is full'))).toBe('the disk is full');
    expect(reasonOf(new TypeError('x is not a function'))).toBe('TypeError: x is not a function');
    expect(reasonOf(new PermanentError('no such customer'))).toBe('PermanentError: no such customer');
  });

  test('gives the code of an error without words', () => {
    expect(reasonOf(Object.assign(new Error(), { code: 'ECONNRESET' }))).toBe('ECONNRESET');
  });

  test('is never empty, so that a dead letter always has a reason', () => {
    expect(reasonOf(new Error())).toBe('an Error without a message was thrown');
    expect(reasonOf(new Error('\n'))).toBe('an Error without a message was thrown');
  });

  test('says so when something else than an Error was thrown', () => {
    expect(reasonOf('boom')).toBe('something that is not an Error was thrown: boom');
    expect(reasonOf(undefined)).toBe('something that is not an Error was thrown: undefined');
    expect(reasonOf(null)).toBe('something that is not an Error was thrown: null');
    expect(reasonOf(Symbol('boom'))).toBe('something that is not an Error was thrown: Symbol(boom)');
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
    expect(reasonOf(thrown)).toMatch(/./);
  });

  test('is one line without control characters', () => {
    expect(reasonOf(new Error('one\r\ntwo\tthree\u001b[31m\0four\u0085five\u007f'))).toBe(
      'one two three [31m four five',
    );
    expect(reasonOf(new Error('one\u2028two\u2029three'))).toBe('one two three');
  });

  test('is bounded, and says when it was cut', () => {
    expect(reasonOf(new Error('x'.repeat(MAX_REASON)))).toBe('x'.repeat(MAX_REASON));
    const cut = reasonOf(new Error('x'.repeat(1_000_000)));
    expect(cut).toHaveLength(MAX_REASON);
    expect(cut.endsWith('x…')).toBe(true);
  });

  test('holds only characters that SQS takes, wherever it is cut', () => {
    // Half of a surrogate pair, and the two code points that are no characters.
    expect(reasonOf(new Error('a\ud83db\ufffec\uffffd'))).toBe('a b c d');
    for (let length = MAX_REASON - 3; length < MAX_REASON + 3; length++) {
      expect(reasonOf(new Error(`${'x'.repeat(length)}🥁🥁`))).toSatisfy(sqsTakes);
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const reason = reasonOf(new Error(text));
        expect(reason).toSatisfy(sqsTakes);
        expect(reason.length).toBeLessThanOrEqual(MAX_REASON);
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
    expect(new Refusal('no_active_run', 'no run is active').answer()).toEqual({
      error: { code: 'no_active_run', message: 'no run is active' },
    });
    expect(new Refusal('run_active', 'stop it', { runId: 'x' }).answer()).toEqual({
      error: { code: 'run_active', message: 'stop it', details: { runId: 'x' } },
    });
  });
});
