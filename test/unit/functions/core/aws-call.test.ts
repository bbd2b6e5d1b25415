import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { awsCall } from '../../../../functions/core/aws-call.ts';

const cancelled = (...codes: (string | undefined)[]) =>
  new TransactionCanceledException({
    message: 'Transaction cancelled',
    CancellationReasons: codes.map((Code) => ({ Code })),
    $metadata: { httpStatusCode: 400 },
  });
const named = (name: string, more: object = {}) => Object.assign(new Error('trouble'), { name, ...more });

/** What a call throws that fails so. */
const meaning = (error: unknown) =>
  awsCall('ledger', () => Promise.reject(error)).catch((meaning: unknown) => meaning);

test('a call that goes well is answered', async () => {
  expect(await awsCall('queue', async () => 7)).toBe(7);
});

test('a condition that did not hold is named by its write, whatever else was wrong', async () => {
  const codes = ['None', 'ConditionalCheckFailed', 'ValidationError', undefined, 'ConditionalCheckFailed'];
  expect(await meaning(cancelled(...codes))).toMatchObject({ name: 'ConditionFailed', at: [1, 4] });
});

test.each([
  ['a conflict', cancelled('None', 'TransactionConflict'), true],
  ['a conflict with a single write', named('TransactionConflictException'), true],
  ['throttling', named('ThrottlingException'), false],
  ['a server’s error', named('InternalServerError', { $metadata: { httpStatusCode: 500 } }), false],
  ['no answer by the deadline', named('AbortError'), false],
  ['no connection', named('Error', { code: 'ECONNREFUSED' }), false],
])('%s is the service’s trouble', async (_what, error, momentary) => {
  expect(await meaning(error)).toMatchObject({ name: 'Unavailable', service: 'ledger', momentary });
});

test.each([
  ['an item that is refused', cancelled('None', 'ValidationError')],
  ['a transaction that is cancelled for no reason', named('TransactionCanceledException')],
  ['a request that is refused', named('ValidationException')],
  ['what is no Error', 'no'],
])('%s is thrown as it is', async (_what, error) => {
  expect(await meaning(error)).toBe(error);
});
