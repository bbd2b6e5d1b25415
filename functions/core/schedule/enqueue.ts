import { readRun } from '../ledger/runs.ts';
import type { Table } from '../ledger/table.ts';
import { claimSlice, closeTick, type LeasedTick, releaseTick } from '../ledger/ticks.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { PackingRule } from '../model/packing.ts';
import type { PassName } from '../model/pass.ts';
import { jobDueAt, messagesToSend, nextSlice, type Slice } from '../model/tick.ts';
import { MAX_DELAY_MS, type OutgoingMessage, type Queue, send, toDelaySeconds } from '../queue/queue.ts';

/** A scheduler and all that it uses. */
export interface Scheduler {
  /** Identifies this invocation as the holder of leases on ticks. */
  name: string;
  table: Table;
  jobs: Queue;
  settings: PackingRule;
  /** The current time in milliseconds since 1970. */
  clock: () => number;
  sleep: (ms: number) => Promise<void>;
  /** Invokes a reader, without waiting for it. Never throws: a later invocation of the scheduler asks again. */
  startReader: (pass: PassName) => Promise<void>;
  /** Has the number of workers decided, without waiting for it. Never throws: the rule's next event does the same. */
  startAutoscaler: () => Promise<void>;
}

/** What one invocation has enqueued of a tick. */
export interface EnqueueResult {
  runId: RunId;
  tick: number;
  /** Jobs that this invocation sent to the queue. */
  enqueued: number;
}

/** Maximum messages per slice: one ledger transaction for fifty SendMessageBatch calls, ten at a time. */
export const SLICE_MESSAGES = 500;

/** Duration of a scheduler's lease on a tick, in milliseconds. A slice takes well under a second. */
export const LEASE_MS = 10_000;

/** Time that a slice needs, in milliseconds. No slice is started if less is left of the invocation. */
export const SLICE_MS = 5_000;

/**
 * Sends a tick's jobs, slice by slice: count the slice as enqueued ─► send it ─► record that it was sent, together with
 * the claim of the next slice. If the scheduler dies after any step, the next one resumes the tick. It may send the
 * slice again; the ledger counts its jobs once.
 *
 * If the jobs are spread over more time than SQS can delay messages, the tick stays open for later invocations.
 *
 * @param tick a tick that this scheduler has leased; its progress is updated
 * @param endsAt when the invocation ends, in milliseconds since 1970
 * @returns `unfinished` if the time ran out or another scheduler took over the tick
 * @throws Unavailable
 */
export async function enqueue(
  scheduler: Scheduler,
  tick: LeasedTick,
  endsAt: number,
): Promise<{ enqueued: EnqueueResult; unfinished: boolean }> {
  const { table, jobs, clock } = scheduler;
  const sentBefore = tick.sent;
  let unfinished = false;
  const keptLease = await unlessConditionFailed(async () => {
    for (;;) {
      if (tick.sent < tick.claimed) await send(jobs, outgoingMessages());
      // From here all claimed jobs were sent. The next write records it, whichever it is.
      unfinished = tick.claimed < tick.count && clock() + SLICE_MS > endsAt;
      if (unfinished) return releaseTick(table, tick);
      const slice = nextSlice(tick, SLICE_MESSAGES, clock() + MAX_DELAY_MS);
      if (!slice && tick.claimed < tick.count && (await readRun(table, tick.runId))?.active)
        return releaseTick(table, tick);
      if (!slice || !(await tryClaim(slice))) return closeTick(table, tick);
    }
  });
  if (keptLease) tick.sent = tick.claimed;
  const { runId, tick: number } = tick;
  return {
    enqueued: { runId, tick: number, enqueued: tick.sent - sentBefore },
    unfinished: unfinished || !keptLease,
  };

  function outgoingMessages(): OutgoingMessage[] {
    const now = clock();
    return messagesToSend(tick).map((message) => {
      const waitMs = jobDueAt(tick, message.first - tick.firstJob) - now;
      return {
        MessageBody: JSON.stringify(message),
        ...(waitMs > 0 && { DelaySeconds: toDelaySeconds(waitMs) }),
      };
    });
  }

  /** Claims a slice. @returns false if the run was stopped, so that the tick ends without its remaining jobs */
  async function tryClaim(slice: Slice): Promise<boolean> {
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

/** Runs a step. @returns whether it succeeded; false if it threw ConditionFailed */
export async function unlessConditionFailed(step: () => Promise<unknown>): Promise<boolean> {
  try {
    await step();
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}
