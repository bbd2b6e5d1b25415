import { groupBy } from '../group-by.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { JobId } from '../model/ids.ts';
import { MAX_RETURNS, MAX_SURVIVED, type Message, type Returned } from '../model/message.ts';
import { openJobs } from '../model/message-record.ts';
import { sendOnce, toDelaySeconds } from '../queue/queue.ts';
import { outageDelaySeconds, retryDelaySeconds } from './backoff.ts';
import { type MessageState, requestedJobs } from './read-batch.ts';
import type { Delivery, Worker } from './worker.ts';

/**
 * Sends what is not done of messages back to the queue: as new messages, delayed, while SQS deletes those that were received.
 * What is delayed is not in flight, of which SQS allows 120,000 messages to a queue ("Amazon SQS standard queue quotas"), and its
 * receives begin anew: neither the redrive policy nor the search for deadly jobs mistakes an outage for deaths.
 *
 * A worker that dies after the sending leaves both messages in the queue, and so does an answer of SQS that gets lost. The
 * ledger knows them for one; where they meet in a batch, one is sent back.
 *
 * @returns how many were to be sent back, and the ids of deliveries that SQS did not take back: these come again when their
 *   visibility timeout ends
 */
export async function returnToQueue(
  worker: Worker,
  states: readonly MessageState[],
): Promise<{ returned: number; undelivered: string[] }> {
  const now = worker.clock();
  const unfinished = states.flatMap((state) => unfinishedOf(worker, state, now));
  const taken = await sendOnce(
    worker.jobs,
    unfinished.map(({ message }) => ({
      MessageBody: JSON.stringify(message),
      DelaySeconds: toDelaySeconds(message.returned.notBefore - now),
    })),
  );
  const undelivered = unfinished.flatMap(({ deliveries }, at) => (taken[at] ? [] : deliveries));
  return { returned: unfinished.length, undelivered: undelivered.map(({ id }) => id) };
}

/** A message to send back, in the place of these deliveries. */
interface Unfinished {
  message: Message & { returned: Returned };
  deliveries: readonly Delivery[];
}

/** What a message's deliveries still ask for: one message for those that ask for all jobs, and one for each retry. */
function unfinishedOf(worker: Worker, state: MessageState, now: number): Unfinished[] {
  const { record, requests, unexplained, survived } = state;
  return [...groupBy(requests, ({ message }) => message.retry?.round)].flatMap(([round, same]) => {
    const messages = same.map(({ message }) => message);
    const jobs = openJobs(record, requestedJobs(messages));
    if (jobs.length === 0) return [];
    const times = Math.max(...messages.map(({ returned }) => returned?.times ?? 0)) + 1;
    const notBefore = Math.max(state.notBefore, now + delaySeconds(worker, state, jobs, times) * 1_000);
    const returned = {
      times: Math.min(times, MAX_RETURNS),
      notBefore,
      ...(unexplained > 0 && { unexplained: Math.min(unexplained, MAX_RETURNS) }),
      ...(survived.length > 0 && { survived: [...survived].slice(-MAX_SURVIVED) }),
    };
    const message = {
      ...(messages[0] as Message),
      ...(round !== undefined && { retry: { round, jobs } }),
      returned,
    };
    return [{ message, deliveries: same.flatMap(({ deliveries }) => deliveries) }];
  });
}

/** Until its jobs' next attempt; or until the trouble may be over, where it is one that no job is to blame for. */
function delaySeconds(
  { settings, random }: Worker,
  { record, trouble }: MessageState,
  jobs: readonly JobId[],
  times: number,
): number {
  if (trouble && !(trouble instanceof ConditionFailed)) return outageDelaySeconds(times, random());
  const failures = Math.max(1, ...jobs.map((job) => record.attempts[job]?.count ?? 0));
  return retryDelaySeconds(settings.backoff, failures, random());
}
