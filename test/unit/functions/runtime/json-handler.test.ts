import type { Context } from 'aws-lambda';
import { describe, expect, test, vi } from 'vitest';
import { ApiError, ConditionFailed, Unavailable } from '../../../../functions/core/model/errors.ts';
import * as z from '../../../../functions/core/zod.ts';
import { jsonHandler } from '../../../../functions/runtime/json-handler.ts';

const context = { awsRequestId: 'a-request' } as Context;
const question = z.strictObject({ x: z.int().check(z.minimum(1), z.maximum(10)), y: z._default(z.int(), 7) });

function throwing(error: unknown): Promise<unknown> {
  return jsonHandler(question, async () => {
    throw error;
  })({ x: 1 }, context);
}

describe('jsonHandler', () => {
  test('passes on the input, with its defaults, and the context', async () => {
    const answer = vi.fn(async () => 'an answer');
    expect(await jsonHandler(question, answer)({ x: 3 }, context)).toBe('an answer');
    expect(answer).toHaveBeenCalledExactlyOnceWith({ x: 3, y: 7 }, context);
  });

  test.each([
    ['nothing', undefined, 'input: Invalid input: expected object, received undefined'],
    ['null', null, 'input: Invalid input: expected object, received null'],
    ['a string', 'x=1', 'input: Invalid input: expected object, received string'],
    ['a list', [{ x: 1 }], 'input: Invalid input: expected object, received array'],
    ['a number that is too small', { x: 0 }, 'x: Too small: expected number to be >=1'],
    ['a number that is too large', { x: 11 }, 'x: Too big: expected number to be <=10'],
    ['half a number', { x: 1.5 }, 'x: Invalid input: expected int, received number'],
    ['a number as text', { x: '1' }, 'x: Invalid input: expected number, received string'],
    ['a word too many', { x: 1, z: 2 }, 'input: Unrecognized key: "z"'],
  ])('refuses %s with a message, and does not call the function', async (_what, input, message) => {
    const answer = vi.fn();
    const refused = await jsonHandler(question, answer)(input, context);
    expect(refused).toEqual({
      error: { code: 'invalid_input', message, details: { issues: [message] } },
    });
    expect(answer).not.toHaveBeenCalled();
  });

  test('names everything that is wrong with the input', async () => {
    const refused = await jsonHandler(question, vi.fn())({ x: 0, y: 'z' }, context);
    const issues = [expect.stringMatching(/^x: /), expect.stringMatching(/^y: /)];
    expect(refused).toMatchObject({
      error: { message: expect.stringMatching(/^x: .+; y: /), details: { issues } },
    });
  });

  test('returns the code, message and details of an ApiError', async () => {
    expect(await throwing(new ApiError('run_active', 'stop it first', { runId: 'x' }))).toEqual({
      error: { code: 'run_active', message: 'stop it first', details: { runId: 'x' } },
    });
  });

  test.each(['ledger', 'queue', 'results'] as const)(
    'says that the %s is unavailable and may be tried again',
    async (service) => {
      expect(await throwing(new Unavailable(service, new Error('connect ECONNREFUSED')))).toEqual({
        error: {
          code: `${service}_unavailable`,
          message: `the ${service} can't be used just now: connect ECONNREFUSED; try again`,
        },
      });
    },
  );

  test('returns a conflict if a condition failed', async () => {
    expect(await throwing(new ConditionFailed([1]))).toMatchObject({ error: { code: 'conflict' } });
  });

  test('returns plain JSON without a stack trace', async () => {
    for (const error of [
      new ApiError('a', 'b'),
      new Unavailable('queue', new Error('c')),
      new ConditionFailed([]),
    ]) {
      const answer = await throwing(error);
      expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
      expect(JSON.stringify(answer)).not.toMatch(/stack|at .*\.ts/);
    }
  });

  test('rethrows any other error', async () => {
    await expect(throwing(new TypeError('x is not a function'))).rejects.toThrow('x is not a function');
  });
});
