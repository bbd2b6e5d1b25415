import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { errors } from '@elastic/elasticsearch';
import type { Choices } from './choices.ts';
import type { Call } from './network.ts';

/** An error with which a call to a service can fail because of the service or the network. */
export function callError({ service, name }: Pick<Call, 'service' | 'name'>, choices: Choices): Error {
  const kinds = service === 'results' ? RESULTS : service === 'ledger' ? LEDGER : QUEUE;
  const error = (kinds[choices.below(kinds.length)] as () => Error)();
  // Only a transaction can conflict with another one.
  return error instanceof TransactionCanceledException && name !== 'TransactWrite'
    ? refusedConnection()
    : error;
}

function named(name: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { name, ...more });
}

const refusedConnection = () => named('Error', 'connect ECONNREFUSED', { code: 'ECONNREFUSED' });
const timeout = () => named('TimeoutError', 'no answer within 2000 ms');
const server = (status: number) => () =>
  named('InternalServerError', 'internal error', { $fault: 'server', $metadata: { httpStatusCode: status } });
const throttle = (name: string) => () =>
  named(name, 'slow down', { $fault: 'client', $metadata: { httpStatusCode: 400 } });
/** A transaction that is cancelled for another reason than its conditions. */
const cancelled = (Code: string) => () =>
  new TransactionCanceledException({
    message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${Code}]`,
    CancellationReasons: [{ Code }],
    $metadata: { httpStatusCode: 400 },
  });

const LEDGER = [
  refusedConnection,
  timeout,
  server(500),
  server(503),
  throttle('ProvisionedThroughputExceededException'),
  throttle('ThrottlingException'),
  throttle('RequestLimitExceeded'),
  cancelled('TransactionConflict'),
  cancelled('ThrottlingError'),
  cancelled('ProvisionedThroughputExceeded'),
];

const QUEUE = [
  refusedConnection,
  timeout,
  server(500),
  server(503),
  throttle('RequestThrottled'),
  throttle('ThrottlingException'),
];

const status = (statusCode: number) => () =>
  new errors.ResponseError({
    statusCode,
    body: { error: { type: 'injected_failure', reason: 'injected' }, status: statusCode },
    headers: {},
    warnings: null,
    meta: {} as never,
  } as never);

const RESULTS = [
  () => new errors.ConnectionError('connect ECONNREFUSED'),
  () => new errors.TimeoutError('Request timed out'),
  status(429),
  status(502),
  status(503),
];
