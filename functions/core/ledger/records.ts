import { chunk } from '../chunk.ts';
import { ConditionFailed, Unavailable } from '../errors.ts';
import { groupBy } from '../group-by.ts';
import type { JobId, RunId } from '../ids.ts';
import { type MessageRange, messageKey } from '../message.ts';
import { type Attempts, gainOf, type Lease, type MessageRecord, newRecord } from '../message-record.ts';
import type { Gain, WorkerCounters } from './counters.ts';
import { type Item, type Key, MAX_TRANSACTION, read, type Table, transact, type Write } from './table.ts';

/** What a worker writes message records with. */
export interface LedgerWriter {
  table: Table;
  counters: WorkerCounters;
  /** Milliseconds since 1970. */
  clock: () => number;
  /** How long a record is kept after its last write, in seconds: longer than any delivery of its message can come. */
  ttlSeconds: number;
}

/** A message with its record, as far as is known, and what keeps it from being worked on, if anything does. */
export interface Recorded {
  message: MessageRange;
  record: MessageRecord;
  trouble?: Error | undefined;
}

/** Says what a record is to become; the very same one where it may stay as it is. */
export type Transition<State> = (state: State) => MessageRecord;

/** What was written: all states, in their order, as the ledger has them now; and what the worker's counters gained. */
export interface Committed<State> {
  states: State[];
  gain: Gain;
}

/** How often the ledger may have moved on before a message is left to its next delivery. */
const ROUNDS = 5;

/**
 * A transaction takes 4 MB ("DynamoDB transactions: how it works"); a bit of it is left for what is not counted here.
 * A failed attempt takes up to 800 bytes, most of them its reason.
 */
const TRANSACTION_BYTES = 3_900_000;
const ATTEMPT_BYTES = 800;
const JOB_BYTES = 12;

const keyOf = (message: MessageRange): Key => ({ pk: `MESSAGE#${messageKey(message)}`, sk: 'MESSAGE' });

/** What the ledger knows of a message's jobs; nothing when it has not heard of the message. @throws Unavailable */
export async function readRecord(table: Table, message: MessageRange): Promise<MessageRecord | undefined> {
  const item = await read(table, keyOf(message));
  return item && toRecord(item);
}

/**
 * Brings each message's record to what `transition` says, and by as much this worker's counters, in one transaction a
 * slice. A record that is not as it was believed is read again, and `transition` is asked again: a message that two
 * workers have at once is counted once, whoever is first.
 *
 * One message's trouble is none of the others'. It never throws: a state that could not be written says why in `trouble`,
 * and its record may or may not have been written.
 *
 * @param states of different messages; those in trouble stay as they are
 */
export async function commit<State extends Recorded>(
  writer: LedgerWriter,
  states: readonly State[],
  transition: Transition<State>,
): Promise<Committed<State>> {
  const latest = new Map(states.map((state) => [messageKey(state.message), state]));
  const gain: Gain = { processed: 0, failed: 0 };
  let open = states.filter(({ trouble }) => !trouble);
  for (let round = 1; open.length > 0; round++) {
    const changes = open.flatMap((state): Change<State>[] => {
      const after = transition(state);
      return after === state.record ? [] : [{ state, after }];
    });
    open = [];
    for (const slice of slicesOf(changes)) {
      for (const { state, written, moved } of await writeSlice(writer, slice, gain)) {
        const left = moved && round === ROUNDS ? { ...state, trouble: new ConditionFailed([]) } : state;
        latest.set(messageKey(state.message), written ?? left);
        if (moved && round < ROUNDS) open.push(state);
      }
    }
  }
  return { states: states.map(({ message }) => latest.get(messageKey(message)) as State), gain };
}

interface Change<State> {
  state: State;
  after: MessageRecord;
}

/** What became of a change: it is written, or the ledger has moved on, or the state is in trouble. */
interface Attempted<State> {
  state: State;
  written?: State;
  moved?: boolean;
}

/** Slices that fit a transaction, each of one run: its counter takes a write, too. */
function slicesOf<State extends Recorded>(changes: Change<State>[]): Change<State>[][] {
  const runs = groupBy(changes, ({ state }) => state.message.runId);
  const limit = { count: MAX_TRANSACTION - 1, bytes: TRANSACTION_BYTES };
  return [...runs.values()].flatMap((run) => chunk(run, limit, ({ after }) => sizeOf(after)));
}

function sizeOf({ pending, failed, attempts }: MessageRecord): number {
  return ATTEMPT_BYTES * (1 + Object.keys(attempts).length) + JOB_BYTES * (pending.length + failed.length);
}

/** @param total is added to */
async function writeSlice<State extends Recorded>(
  writer: LedgerWriter,
  slice: Change<State>[],
  total: Gain,
): Promise<Attempted<State>[]> {
  const { table, counters, clock } = writer;
  const runId = (slice[0] as Change<State>).state.message.runId;
  const gain = gainOfAll(slice);
  const now = clock();
  const puts = slice.map((change) => putRecord(writer, change, now));
  try {
    // A counter that stays as it is costs nothing.
    const counter = gain.processed !== 0 || gain.failed !== 0 ? [await counters.add(runId, gain, now)] : [];
    await transact(table, [...puts, ...counter]);
  } catch (error) {
    if (error instanceof ConditionFailed) return reread(writer, slice, runId, error.at);
    const isTheirs = slice.length > 1 && !(error instanceof Unavailable);
    if (!isTheirs)
      return slice.map(({ state }) => ({ state, written: { ...state, trouble: error as Error } }));
    // One record is at fault, and DynamoDB refuses them all for it: each is tried by itself.
    const single = [];
    for (const change of slice) single.push(...(await writeSlice(writer, [change], total)));
    return single;
  }
  total.processed += gain.processed;
  total.failed += gain.failed;
  return slice.map(({ state, after }) => ({
    state,
    written: { ...state, record: { ...after, version: state.record.version + 1 } },
  }));
}

/** Nothing was written: reads those again whose condition failed. @param at their positions; after them the counter's */
async function reread<State extends Recorded>(
  { table, counters }: LedgerWriter,
  slice: Change<State>[],
  runId: RunId,
  at: number[],
): Promise<Attempted<State>[]> {
  if (at.includes(slice.length)) counters.forget(runId);
  return Promise.all(
    slice.map(async ({ state }, position) => {
      if (!at.includes(position)) return { state, moved: true };
      try {
        const record = (await readRecord(table, state.message)) ?? newRecord(state.message);
        return { state: { ...state, record }, moved: true };
      } catch (error) {
        return { state, written: { ...state, trouble: error as Error } };
      }
    }),
  );
}

function gainOfAll(slice: Change<Recorded>[]): Gain {
  const gains = slice.map(({ state, after }) => gainOf(state.record, after));
  return {
    processed: gains.reduce((sum, { processed }) => sum + processed, 0),
    failed: gains.reduce((sum, { failed }) => sum + failed, 0),
  };
}

/**
 * A message that is processed whole, as nearly all are, keeps no lists: its item is as small as can be. One with failed
 * jobs is kept for ever: it is what says which jobs of the run have failed.
 */
function putRecord(
  { table, ttlSeconds }: LedgerWriter,
  { state: { message, record: before }, after }: Change<Recorded>,
  now: number,
): Write {
  const { pending, failed, attempts, lease, isolated } = after;
  return {
    Put: {
      TableName: table.name,
      Item: {
        ...keyOf(message),
        version: before.version + 1,
        ...(failed.length === 0 && { expiresAt: Math.ceil(now / 1_000) + ttlSeconds }),
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
