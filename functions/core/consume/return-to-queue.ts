import { groupBy } from '../grouping.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { JobId } from '../model/ids.ts';
import { MAX_RETURNS, MAX_SURVIVED, type Message, type Returned } from '../model/message.ts';
import { openJobs } from '../model/message-record.ts';
import { sendOnce, toDelaySeconds } from '../queue/queue.ts';
import { outageDelaySeconds, retryDelaySeconds } from './backoff.ts';
import { type MessageState, type ReadBatch, requestedJobs } from './read-batch.ts';
import type { Delivery, Worker } from './worker.ts';

/**
 * Sends the unfinished jobs of messages back to the queue, as new, delayed messages. SQS deletes the received ones.
 *
 * A delayed message is not in flight (SQS allows 120,000 messages in flight per queue, "Amazon SQS standard queue
 * quotas"), and its receive count starts again. So neither the redrive policy nor the search for jobs that kill workers
 * mistakes an outage for deaths.
 *
 * If the worker dies after sending, or SQS's answer is lost, both messages are in the queue. To the ledger they are one
 * message. If they meet in a batch, one is sent back.
 *
 * @param newer messages that a newer version of the code wrote
 * @returns how many messages had to be sent back, and the ids of deliveries whose messages SQS did not accept. SQS
 *   delivers these again when their visibility timeout ends.
 */
export async function returnToQueue(
  worker: Worker,
  states: readonly MessageState[],
  newer: ReadBatch['newer'] = [],
): Promise<{ returned: number; undelivered: string[] }> {
  const now = worker.clock();
  const unfinished = [
    ...states.flatMap((state) => unfinishedOf(worker, state, now)),
    ...newer.map((message) => unreadOf(worker, message, now)),
  ];
  const accepted = await sendOnce(
    worker.jobs,
    unfinished.map(({ message }) => ({
      MessageBody: JSON.stringify(message),
      DelaySeconds: toDelaySeconds(message.returned.notBefore - now),
    })),
  );
  const undelivered = unfinished.flatMap(({ deliveries }, index) => (accepted[index] ? [] : deliveries));
  return { returned: unfinished.length, undelivered: undelivered.map(({ id }) => id) };
}

/** A message to send back, and the deliveries that it replaces. */
interface Unfinished {
  message: { returned: Returned };
  deliveries: readonly Delivery[];
}

/** The open jobs of a message: one new message for the copies that ask for all jobs, and one for each retry. */
function unfinishedOf(worker: Worker, state: MessageState, now: number): Unfinished[] {
  const { record, requests, unexplained, survived } = state;
  return [...groupBy(requests, ({ message }) => message.retry?.round)].flatMap(([round, copies]) => {
    const messages = copies.map(({ message }) => message);
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
    return [{ message, deliveries: copies.flatMap(({ deliveries }) => deliveries) }];
  });
}

/** A message of a newer version, unchanged but for the number of its returns. */
function unreadOf(
  { random }: Worker,
  { body, returns, deliveries }: ReadBatch['newer'][number],
  now: number,
): Unfinished {
  const times = returns + 1;
  const notBefore = now + outageDelaySeconds(times, random()) * 1_000;
  const returned = { ...(body as { returned?: object }).returned, times, notBefore };
  return { message: { ...body, returned }, deliveries };
}

/** The wait until the jobs' next attempt or, if no job is to blame, until the outage may be over. */
function delaySeconds(
  { settings, random }: Worker,
  { record, problem }: MessageState,
  jobs: readonly JobId[],
  times: number,
): number {
  if (problem && !(problem instanceof ConditionFailed)) return outageDelaySeconds(times, random());
  const failures = Math.max(1, ...jobs.map((job) => record.attempts[job]?.count ?? 0));
  return retryDelaySeconds(settings.backoff, failures, random());
}
