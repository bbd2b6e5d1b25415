import { readRun } from '../ledger/runs.ts';
import type { Table } from '../ledger/table.ts';
import { claimSlice, closeTick, type LeasedTick, releaseTick } from '../ledger/ticks.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import { jobDueAt, messagesToSend, nextSlice, type PackingRule, type Slice } from '../model/tick.ts';
import { MAX_DELAY_MS, type OutgoingMessage, type Queue, send, toDelaySeconds } from '../queue/queue.ts';

/** What a scheduler works with. */
export interface Scheduler {
  /** Names this invocation, as the holder of the ticks that it is sending. */
  name: string;
  table: Table;
  jobs: Queue;
  settings: PackingRule;
  /** Milliseconds since 1970. */
  clock: () => number;
  sleep: (ms: number) => Promise<void>;
}

/** What became of a tick in one firing. */
export interface EnqueueResult {
  runId: RunId;
  tick: number;
  /** How many jobs this firing has put in the queue. */
  enqueued: number;
}

/** Messages in a slice: fifty SendMessageBatch calls, ten at a time, to one ledger transaction. */
export const SLICE_MESSAGES = 500;

/** How long a scheduler's hold on a tick lasts without a sign of life; a slice takes well under a second. */
export const LEASE_MS = 10_000;

/** No slice is begun when less than this is left of the invocation, in milliseconds. */
export const SLICE_MS = 5_000;

/**
 * Sends a tick's jobs, slice by slice: count them as enqueued, send them, note that they are sent (together with the
 * next slice's claim, if there is one). Dying after any step leaves a tick that the next firing carries on with; jobs
 * of the slice under way are sent a second time then, which the ledger absorbs.
 *
 * A tick that is spread over more minutes than SQS delays messages for is left open in between, for a later firing.
 *
 * @returns what was enqueued, and whether time ran out, or another scheduler took this one for dead, before the end
 * @throws Unavailable
 */
export async function enqueue(
  scheduler: Scheduler,
  tick: LeasedTick,
  endsAt: number,
): Promise<{ enqueued: EnqueueResult; unfinished: boolean }> {
  const { table, jobs, clock } = scheduler;
  const before = tick.sent;
  let unfinished = false;
  const held = await unlessConditionFailed(async () => {
    for (;;) {
      if (tick.sent < tick.claimed) await send(jobs, outgoing());
      // All that is claimed is in the queue, and whatever is written next says so.
      unfinished = tick.claimed < tick.count && clock() + SLICE_MS > endsAt;
      if (unfinished) return releaseTick(table, tick);
      const slice = nextSlice(tick, SLICE_MESSAGES, clock() + MAX_DELAY_MS);
      if (!slice && tick.claimed < tick.count && (await readRun(table, tick.runId))?.active)
        return releaseTick(table, tick);
      if (!slice || !(await claimNext(slice))) return closeTick(table, tick);
    }
  });
  if (held) tick.sent = tick.claimed;
  const { runId, tick: number } = tick;
  return {
    enqueued: { runId, tick: number, enqueued: tick.sent - before },
    unfinished: unfinished || !held,
  };

  function outgoing(): OutgoingMessage[] {
    const now = clock();
    return messagesToSend(tick).map((message) => {
      const wait = jobDueAt(tick, message.first - tick.firstJob) - now;
      return {
        MessageBody: JSON.stringify(message),
        ...(wait > 0 && { DelaySeconds: toDelaySeconds(wait) }),
      };
    });
  }

  /** Whether there is more to send: a stopped run's ticks end where they stand. */
  async function claimNext(slice: Slice): Promise<boolean> {
    try {
      const at = clock();
      await claimSlice(table, tick, { slice, at, leaseUntil: at + LEASE_MS });
      tick.sent = slice.from;
      tick.claimed = slice.to;
      tick.sliceClaimedAt = at;
      return true;
    } catch (error) {
      if (error instanceof ConditionFailed && !error.failedWrites.includes(1)) return false;
      throw error;
    }
  }
}

/** Whether a step was taken: not when somebody else was first. */
export async function unlessConditionFailed(step: () => Promise<unknown>): Promise<boolean> {
  try {
    await step();
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}
