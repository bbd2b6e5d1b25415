import { MAX_SURVIVED, type Message, type Returned } from '../message.ts';
import { MAX_DELAY_MS, sendOnce } from '../queue.ts';
import { outageDelaySeconds, retryDelaySeconds } from './backoff.ts';
import type { MessageState, Request } from './read-batch.ts';
import type { Worker } from './worker.ts';

/** A message that has to come again, with what is known of it. */
export interface Unfinished extends Partial<Pick<MessageState, 'record' | 'suspect' | 'survived'>> {
  request: Request;
}

/**
 * Sends messages back to the queue: as new ones, delayed, while SQS deletes those that were received. What is delayed is
 * not in flight, of which SQS allows 120,000 messages to a queue ("Amazon SQS message quotas"), and its receives begin
 * anew: neither the redrive policy nor the search for deadly jobs mistakes an outage for deaths.
 *
 * A worker that dies after the sending leaves both messages in the queue, and the ledger knows them for one.
 *
 * @param isOutage whether they come again for want of a service, and not for their jobs' sake
 * @returns the ids of deliveries that SQS did not take back: they come again when their visibility timeout ends
 */
export async function returnToQueue(
  worker: Worker,
  unfinished: readonly Unfinished[],
  isOutage: boolean,
): Promise<string[]> {
  const now = worker.clock();
  const bodies = unfinished.map((one): Message => {
    const returned = returnedOf(worker, one, isOutage, now);
    return { ...one.request.message, returned };
  });
  const taken = await sendOnce(
    worker.jobs,
    bodies.map((body) => {
      const delayMs = Math.min(MAX_DELAY_MS, (body.returned as Returned).notBefore - now);
      return { MessageBody: JSON.stringify(body), DelaySeconds: Math.ceil(delayMs / 1_000) };
    }),
  );
  return unfinished.flatMap(({ request }, at) => (taken[at] ? [] : request.deliveries.map(({ id }) => id)));
}

/** It waits for the service that is gone, for its jobs' next attempt, for the delivery that has it leased, or for what it waited for before. */
function returnedOf(
  { settings, random }: Worker,
  { request, record, suspect, survived = [] }: Unfinished,
  isOutage: boolean,
  now: number,
): Returned {
  const { times = 0, notBefore = 0 } = request.message.returned ?? {};
  const failures = Math.max(1, ...Object.values(record?.attempts ?? {}).map(({ count }) => count));
  const seconds = isOutage
    ? outageDelaySeconds(times + 1, random())
    : retryDelaySeconds(settings.backoff, failures, random());
  const leasedUntil = record?.lease && !survived.includes(record.lease.id) ? record.lease.until : 0;
  return {
    times: times + 1,
    notBefore: Math.max(now + seconds * 1_000, leasedUntil, notBefore),
    ...(suspect && { suspect }),
    ...(survived.length > 0 && { survived: survived.slice(-MAX_SURVIVED) }),
  };
}
