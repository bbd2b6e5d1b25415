import type { JobId } from './ids.ts';
import type { Message } from './message.ts';
import { attempted, type MessageRecord, type Settlement } from './settlement.ts';

/**
 * A job that ends its process, fills its memory or never lets go of it takes the worker along before anything can be
 * noted, with all that shares the batch. So what has come back too often is noted in the ledger before it is begun:
 *
 *     receives 1, 2   with the whole batch, as all are; the worker dies
 *     receive 3       noted that the message is under way; the worker dies, and so the note stays
 *     receive 4 …     its jobs one at a time, each noted: a note that stays now names the job
 *
 * A job that was alone at so many deaths is given up, and the innocent ones that came along are done.
 */
export type Care = 'none' | 'noted' | 'alone';

/** Deliveries that a message has without a note; nearly all need one, and one more when something died of itself. */
const CARELESS_RECEIVES = 2;

export function careOf(receives: number, record: MessageRecord): Care {
  if (record.alone) return 'alone';
  return receives > CARELESS_RECEIVES ? 'noted' : 'none';
}

/** Whether another delivery of the message noted that it is at work, and may still be. */
export function isUnderWay({ underWay }: MessageRecord, now: number): boolean {
  return underWay !== undefined && underWay.until > now;
}

/**
 * Notes that a message is under way.
 * @param job the only job that is, if it is the only one
 * @param until when the invocation is over, milliseconds since 1970: whatever stands after that, a worker died at
 */
export function begin(
  { retry }: Message,
  before: MessageRecord,
  job: JobId | undefined,
  until: number,
): Settlement {
  const underWay = { until, ...(job !== undefined && { job }), ...(retry && { retry: retry.id }) };
  return { ...NOTHING_COUNTED, record: { ...before, version: before.version + 1, underWay } };
}

/** What follows from a note that has outlived its invocation; nothing when there is none. */
export function mourn(before: MessageRecord, now: number): Settlement | undefined {
  if (!before.underWay || isUnderWay(before, now)) return undefined;
  const { underWay, ...record } = before;
  const { job, retry } = underWay;
  const attempts = { ...before.attempts };
  if (job !== undefined && [...before.pending, ...before.failed].includes(job))
    attempts[job] = attempted(attempts[job], 'death', retry, now);
  return { ...NOTHING_COUNTED, record: { ...record, version: before.version + 1, attempts, alone: true } };
}

const NOTHING_COUNTED = { processed: 0, failed: 0, recovered: [], givenUp: [] };
