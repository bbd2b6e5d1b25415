import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { awsCall } from '../../../../functions/core/aws-call.ts';

const cancelled = (...codes: (string | undefined)[]) =>
  new TransactionCanceledException({
    message: 'Transaction cancelled',
    CancellationReasons: codes.map((Code) => ({ Code })),
    $metadata: { httpStatusCode: 400 },
  });
const named = (name: string, more: object = {}) => Object.assign(new Error('failed'), { name, ...more });

/** What `awsCall` throws for a call that fails with this error. */
const thrownFor = (error: unknown) =>
  awsCall('ledger', () => Promise.reject(error)).catch((thrown: unknown) => thrown);

test('a call that succeeds returns its answer', async () => {
  expect(await awsCall('queue', async () => 7)).toBe(7);
});

test('a failed condition is reported with the positions of its writes, whatever else failed', async () => {
  const codes = ['None', 'ConditionalCheckFailed', 'ValidationError', undefined, 'ConditionalCheckFailed'];
  expect(await thrownFor(cancelled(...codes))).toMatchObject({
    name: 'ConditionFailed',
    failedWrites: [1, 4],
  });
});

test('a conflict, throttling, or no answer make the service unavailable', async () => {
  for (const [error, momentary] of [
    [cancelled('None', 'TransactionConflict'), true],
    [named('TransactionConflictException'), true],
    [named('ThrottlingException'), false],
    [named('InternalServerError', { $metadata: { httpStatusCode: 500 } }), false],
    // No answer by the deadline, and no connection.
    [named('AbortError'), false],
    [named('Error', { code: 'ECONNREFUSED' }), false],
  ] as const)
    expect(await thrownFor(error)).toMatchObject({ name: 'Unavailable', service: 'ledger', momentary });
});

test('any other error is thrown unchanged', async () => {
  for (const error of [
    // A refused item, a transaction that is cancelled without a reason, a refused request, and no Error.
    cancelled('None', 'ValidationError'),
    named('TransactionCanceledException'),
    named('ValidationException'),
    'no',
  ])
    expect(await thrownFor(error)).toBe(error);
});
