import type { Context } from 'aws-lambda';
import { describe, expect, test, vi } from 'vitest';
import { ApiError, ConditionFailed, Unavailable } from '../../../../functions/core/model/errors.ts';
import * as z from '../../../../functions/core/model/zod.ts';
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

  test('refuses an invalid input with a message, and does not call the function', async () => {
    const answer = vi.fn();
    for (const [input, message] of [
      [undefined, 'input: Invalid input: expected object, received undefined'],
      [null, 'input: Invalid input: expected object, received null'],
      ['x=1', 'input: Invalid input: expected object, received string'],
      [[{ x: 1 }], 'input: Invalid input: expected object, received array'],
      [{ x: 0 }, 'x: Too small: expected number to be >=1'],
      [{ x: 11 }, 'x: Too big: expected number to be <=10'],
      [{ x: 1.5 }, 'x: Invalid input: expected int, received number'],
      [{ x: '1' }, 'x: Invalid input: expected number, received string'],
      [{ x: 1, z: 2 }, 'input: Unrecognized key: "z"'],
    ])
      expect(await jsonHandler(question, answer)(input, context)).toEqual({
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

  test('returns an expected error as plain JSON, without a stack trace', async () => {
    const unavailable = (service: 'ledger' | 'queue' | 'results') => ({
      code: `${service}_unavailable`,
      message: `the ${service} can't be used just now: connect ECONNREFUSED; try again`,
    });
    const refused = new Error('connect ECONNREFUSED');
    for (const [thrown, error] of [
      [
        new ApiError('run_active', 'stop it first', { runId: 'x' }),
        { code: 'run_active', message: 'stop it first', details: { runId: 'x' } },
      ],
      [new Unavailable('ledger', refused), unavailable('ledger')],
      [new Unavailable('queue', refused), unavailable('queue')],
      [new Unavailable('results', refused), unavailable('results')],
      [new ConditionFailed([1]), { code: 'conflict', message: expect.stringMatching(/./) }],
    ] as const) {
      const answer = await throwing(thrown);
      expect(answer).toEqual({ error });
      expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
      expect(JSON.stringify(answer)).not.toMatch(/stack|at .*\.ts/);
    }
  });

  test('rethrows any other error', async () => {
    await expect(throwing(new TypeError('x is not a function'))).rejects.toThrow('x is not a function');
  });
});
