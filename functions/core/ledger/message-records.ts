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

/** How often a write may lose to another delivery before the message is left to its next delivery. */
const ROUNDS = 5;

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
   * Never throws, and a problem with one message does not affect others: a state that could not be written says why in
   * `trouble`, and its record may or may not have been written.
   *
   * @param states of different messages; those with a problem are left unchanged
   * @returns all states, in their order, as the ledger has them now
   */
  async commit<State extends RecordedMessage>(
    states: readonly State[],
    transition: Transition<State>,
  ): Promise<State[]> {
    const latest = new Map(states.map((state) => [state.message, state]));
    let open = states.filter(({ problem: trouble }) => !trouble);
    for (let round = 1; open.length > 0; round++) {
      const changes = open.flatMap((state): Change<State>[] => {
        const after = transition(state);
        return after === state.record ? [] : [{ state, after }];
      });
      open = [];
      for (const slice of slicesOf(changes)) {
        for (const { state, moved } of await this.#write(slice)) {
          const hasLost = moved && round === ROUNDS;
          latest.set(state.message, hasLost ? { ...state, problem: new ConditionFailed([]) } : state);
          if (moved && !hasLost) open.push(state);
        }
      }
    }
    return [...latest.values()];
  }

  async #write<State extends RecordedMessage>(slice: Change<State>[]): Promise<Attempted<State>[]> {
    const { runId } = (slice[0] as Change<State>).state.message;
    const gains = slice.map(({ state, after }) => counterDelta(state.record, after));
    const processed = gains.reduce((sum, gain) => sum + gain.processed, 0);
    const failed = gains.reduce((sum, gain) => sum + gain.failed, 0);
    const now = this.clock();
    try {
      // A counter that stays as it is costs nothing.
      const delta = { processed, failed };
      const counter =
        processed === 0 && failed === 0 ? [] : [await this.counters.incrementWrite(runId, delta, now)];
      await transact(this.table, [...slice.map((change) => this.#put(change, now)), ...counter]);
    } catch (error) {
      if (error instanceof ConditionFailed) {
        if (error.failedWrites.includes(slice.length)) this.counters.loseCounter(runId);
        return Promise.all(
          slice.map(({ state }, index) => this.#reread(state, error.failedWrites.includes(index))),
        );
      }
      if (slice.length === 1 || error instanceof Unavailable)
        return slice.map(({ state }) => ({ state: { ...state, problem: error as Error } }));
      // One record is at fault, and DynamoDB refuses them all for it: each is tried by itself.
      const single = [];
      for (const change of slice) single.push(...(await this.#write([change])));
      return single;
    }
    this.counted.processed += processed;
    this.counted.failed += failed;
    return slice.map(({ state, after }) => ({
      state: { ...state, record: { ...after, version: state.record.version + 1 } },
    }));
  }

  /** Reads a record again after a condition failed. @param changed whether the condition of this record failed */
  async #reread<State extends RecordedMessage>(state: State, changed: boolean): Promise<Attempted<State>> {
    if (!changed) return { state, moved: true };
    try {
      const record = await readRecord(this.table, state.message);
      if (!record && state.record.version > 0)
        throw new Error('the ledger has forgotten the message meanwhile');
      return { state: { ...state, record: record ?? newRecord(state.message) }, moved: true };
    } catch (error) {
      return { state: { ...state, problem: error as Error } };
    }
  }

  /**
   * A message whose jobs are all processed, as nearly always, stores no lists, so its item is small. A record with failed
   * jobs never expires: it is the only record of which jobs of the run have failed.
   */
  #put(
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

/** A state that is written or in trouble; or that the ledger has moved on from, as it is now. */
interface Attempted<State> {
  state: State;
  moved?: boolean;
}

/** Slices that fit a transaction, each of one run: its counter takes a write, too. */
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
