import { MAX_SURVIVED, type Message, type Returned } from '../message.ts';
import { MAX_DELAY_MS, type Outgoing, sendOnce } from '../queue.ts';
import type { Request } from './read-batch.ts';
import type { Worker } from './worker.ts';

/** A message that has to come again. */
export interface Unfinished extends Pick<Returned, 'notBefore' | 'suspect' | 'survived'> {
  request: Request;
  /** Whether it was worked on, and not only received too early. */
  counts: boolean;
}

/**
 * Sends messages back to the queue: as new ones, delayed, while SQS deletes those that were received. What is delayed is
 * not in flight, of which SQS allows 120,000 messages to a queue ("Amazon SQS message quotas"), and its receives begin
 * anew: neither the redrive policy nor the search for deadly jobs mistakes an outage for deaths.
 *
 * A worker that dies after the sending leaves both messages in the queue, and the ledger knows them for one.
 *
 * @returns the ids of deliveries that SQS did not take back: they come again when their visibility timeout ends
 */
export async function returnToQueue(
  { jobs, clock }: Pick<Worker, 'jobs' | 'clock'>,
  unfinished: readonly Unfinished[],
): Promise<string[]> {
  const now = clock();
  const taken = await sendOnce(
    jobs,
    unfinished.map((one) => outgoingOf(one, now)),
  );
  return unfinished.flatMap(({ request }, at) => (taken[at] ? [] : request.deliveries.map(({ id }) => id)));
}

function outgoingOf(
  { request, counts, notBefore, suspect, survived = [] }: Unfinished,
  now: number,
): Outgoing {
  const { message } = request;
  const returned: Returned = {
    times: (message.returned?.times ?? 0) + (counts ? 1 : 0),
    notBefore,
    ...(suspect && { suspect }),
    ...(survived.length > 0 && { survived: survived.slice(-MAX_SURVIVED) }),
  };
  const body: Message = { ...message, returned };
  const delayMs = Math.min(MAX_DELAY_MS, Math.max(0, notBefore - now));
  return { MessageBody: JSON.stringify(body), DelaySeconds: Math.ceil(delayMs / 1_000) };
}
