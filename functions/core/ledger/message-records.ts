import { chunk, groupBy } from '../grouping.ts';
import { ConditionFailed, Unavailable } from '../model/errors.ts';
import type { JobId } from '../model/ids.ts';
import { type MessageRange, messageKey } from '../model/message.ts';
import {
  type Attempts,
  counterDelta,
  type Lease,
  type MessageRecord,
  newRecord,
} from '../model/message-record.ts';
import type { WorkerCounters } from './counters.ts';
import {
  type Item,
  type Key,
  MAX_TRANSACTION_WRITES,
  readItem,
  type Table,
  type TransactionWrite,
  transact,
} from './table.ts';

/** A message, its record as far as the worker knows it, and why the message cannot be processed, if it cannot. */
export interface RecordedMessage {
  message: MessageRange;
  record: MessageRecord;
  problem?: Error | undefined;
}

/** Computes a message's next record, or returns the same object if nothing changes. */
export type Transition<State> = (state: State) => MessageRecord;

/** Maximum attempts to write a record that other deliveries change. After that the message is delivered again. */
const MAX_WRITE_ATTEMPTS = 5;

/**
 * A transaction may contain 4 MB ("DynamoDB transactions: how it works"). The rest is reserved for overhead.
 * A failed attempt takes up to 800 bytes, most of them for its reason.
 */
const TRANSACTION_BYTES = 3_900_000;
const ATTEMPT_BYTES = 800;
const JOB_BYTES = 12;

const keyOf = (message: MessageRange): Key => ({ pk: `MESSAGE#${messageKey(message)}`, sk: 'MESSAGE' });

/** Reads a message's record; undefined if the ledger has none. @throws Unavailable */
export async function readRecord(table: Table, message: MessageRange): Promise<MessageRecord | undefined> {
  const item = await readItem(table, keyOf(message));
  return item && toRecord(item);
}

/** Writes message records, and the worker's counters together with them, in one transaction. */
export class LedgerWriter {
  /** How many jobs this writer has counted so far. */
  readonly counted = { processed: 0, failed: 0 };

  /**
   * @param clock milliseconds since 1970
   * @param ttlSeconds how long a record is kept after its last write: longer than any delivery of its message can come
   */
  constructor(
    readonly table: Table,
    readonly counters: WorkerCounters,
    readonly clock: () => number,
    readonly ttlSeconds: number,
  ) {}

  /**
   * Counts jobs: moves each message's record by `transition` and this worker's counters by the difference, in one
   * transaction per slice. If a record has changed since it was read, it is read again and `transition` is applied to
   * the new one. So a message that two workers process at the same time is counted once.
   *
   * Never throws, and a problem with one message does not affect others. A state that could not be written has a
   * `problem`; its record may have been written nevertheless.
   *
   * @param states of different messages; those with a problem are left unchanged
   * @param prepare does what must precede each attempt to write. A state that it returns with a problem is not written
   * @returns all states, in their order, as the ledger has them now
   */
  async commit<State extends RecordedMessage>(
    states: readonly State[],
    transition: Transition<State>,
    prepare: (states: readonly State[]) => Promise<readonly State[]> = async (same) => same,
  ): Promise<State[]> {
    const latest = new Map(states.map((state) => [state.message, state]));
    let unwritten = states.filter(({ problem }) => !problem);
    for (let attempt = 1; unwritten.length > 0; attempt++) {
      const prepared = await prepare(unwritten);
      for (const state of prepared) latest.set(state.message, state);
      const changes = prepared.flatMap((state): Change<State>[] => {
        const after = state.problem ? state.record : transition(state);
        return after === state.record ? [] : [{ state, after }];
      });
      unwritten = [];
      for (const slice of slicesOf(changes)) {
        for (const { state, conflict } of await this.#writeSlice(slice)) {
          const isLast = attempt === MAX_WRITE_ATTEMPTS;
          latest.set(
            state.message,
            conflict && isLast ? { ...state, problem: new ConditionFailed([]) } : state,
          );
          if (conflict && !isLast) unwritten.push(state);
        }
      }
    }
    return [...latest.values()];
  }

  /** Writes a slice in one transaction. Never throws. */
  async #writeSlice<State extends RecordedMessage>(slice: Change<State>[]): Promise<Written<State>[]> {
    const { runId } = (slice[0] as Change<State>).state.message;
    const deltas = slice.map(({ state, after }) => counterDelta(state.record, after));
    const processed = deltas.reduce((sum, delta) => sum + delta.processed, 0);
    const failed = deltas.reduce((sum, delta) => sum + delta.failed, 0);
    const now = this.clock();
    try {
      // An unchanged counter needs no write.
      const delta = { processed, failed };
      const counter =
        processed === 0 && failed === 0 ? [] : [await this.counters.incrementWrite(runId, delta, now)];
      await transact(this.table, [...slice.map((change) => this.#recordWrite(change, now)), ...counter]);
    } catch (error) {
      if (error instanceof ConditionFailed) {
        if (error.failedWrites.includes(slice.length)) this.counters.loseCounter(runId);
        return Promise.all(
          slice.map(({ state }, index) => this.#reread(state, error.failedWrites.includes(index))),
        );
      }
      if (slice.length === 1 || error instanceof Unavailable)
        return slice.map(({ state }) => ({ state: { ...state, problem: error as Error } }));
      // One record is invalid, and DynamoDB rejects the whole slice for it. So each record is written alone.
      const written = [];
      for (const change of slice) written.push(...(await this.#writeSlice([change])));
      return written;
    }
    this.counted.processed += processed;
    this.counted.failed += failed;
    return slice.map(({ state, after }) => ({
      state: { ...state, record: { ...after, version: state.record.version + 1 } },
    }));
  }

  /** Reads a record again after a condition failed. @param changed whether the condition of this record failed */
  async #reread<State extends RecordedMessage>(state: State, changed: boolean): Promise<Written<State>> {
    if (!changed) return { state, conflict: true };
    try {
      const record = await readRecord(this.table, state.message);
      if (!record && state.record.version > 0)
        throw new Error('the message’s record has expired since it was read');
      return { state: { ...state, record: record ?? newRecord(state.message) }, conflict: true };
    } catch (error) {
      return { state: { ...state, problem: error as Error } };
    }
  }

  /**
   * The write of a message's record. If all jobs are processed, as nearly always, the item contains no lists and is
   * small. A record with failed jobs never expires: it is the only place that tells which jobs of the run have failed.
   */
  #recordWrite(
    { state: { message, record: before }, after }: Change<RecordedMessage>,
    now: number,
  ): TransactionWrite {
    const { pending, failed, attempts, lease, isolated } = after;
    return {
      Put: {
        TableName: this.table.name,
        Item: {
          ...keyOf(message),
          version: before.version + 1,
          ...(failed.length === 0 && { expiresAt: Math.ceil(now / 1_000) + this.ttlSeconds }),
          ...(pending.length > 0 && { pending }),
          ...(failed.length > 0 && { failed }),
          ...(Object.keys(attempts).length > 0 && { attempts }),
          ...(lease && { lease }),
          ...(isolated && pending.length + failed.length > 0 && { isolated }),
        },
        ...(before.version === 0
          ? { ConditionExpression: 'attribute_not_exists(pk)' }
          : {
              ConditionExpression: 'version = :before',
              ExpressionAttributeValues: { ':before': before.version },
            }),
      },
    };
  }
}

interface Change<State> {
  state: State;
  after: MessageRecord;
}

/** The result of writing a state. `conflict`: nothing was written, and `state` has the record as it is in the ledger now. */
interface Written<State> {
  state: State;
  conflict?: boolean;
}

/** Slices that fit into one transaction. Each has one run only, and leaves room for the write of the run's counter. */
function slicesOf<State extends RecordedMessage>(changes: Change<State>[]): Change<State>[][] {
  const runs = groupBy(changes, ({ state }) => state.message.runId);
  const limit = { count: MAX_TRANSACTION_WRITES - 1, bytes: TRANSACTION_BYTES };
  return [...runs.values()].flatMap((run) => chunk(run, limit, ({ after }) => sizeOf(after)));
}

function sizeOf({ pending, failed, attempts }: MessageRecord): number {
  return ATTEMPT_BYTES * (1 + Object.keys(attempts).length) + JOB_BYTES * (pending.length + failed.length);
}

function toRecord(item: Item): MessageRecord {
  return {
    version: item.version as number,
    pending: (item.pending ?? []) as JobId[],
    failed: (item.failed ?? []) as JobId[],
    attempts: (item.attempts ?? {}) as Record<string, Attempts>,
    ...(item.lease !== undefined && { lease: item.lease as Lease }),
    ...(item.isolated === true && { isolated: true }),
  };
}
