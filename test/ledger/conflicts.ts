import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** Transactions of a client that were cancelled for a conflict with another one. */
export interface Conflicts {
  seen: number;
}

/**
 * Counts a client's conflicts, and makes some: every so many calls it has one cancelled as AWS does where two
 * transactions meet. Neither back end ever does so by itself, and AWS advises to simulate it.
 * @param every 0 for none
 */
export function countConflicts(client: DynamoDBDocumentClient, every: number): Conflicts {
  const conflicts = { seen: 0 };
  let calls = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        if (every > 0 && ++calls % every === 0) throw conflict();
        return await next(args);
      } catch (error) {
        if (isConflict(error)) conflicts.seen++;
        throw error;
      }
    },
    { step: 'initialize', name: 'conflicts' },
  );
  return conflicts;
}

function conflict(): TransactionCanceledException {
  return new TransactionCanceledException({
    message:
      'Transaction cancelled, please refer cancellation reasons for specific reasons [None, TransactionConflict]',
    CancellationReasons: [{ Code: 'None' }, { Code: 'TransactionConflict' }],
    $metadata: { httpStatusCode: 400 },
  });
}

function isConflict(error: unknown): boolean {
  return (
    error instanceof TransactionCanceledException &&
    (error.CancellationReasons ?? []).some(({ Code }) => Code === 'TransactionConflict')
  );
}
