import { ConditionFailed } from '../errors.ts';
import type { JobId, RunId, WorkerId } from '../ids.ts';
import { type Message, messageKey } from '../message.ts';
import type { ResultsIndex } from '../results/indexing.ts';
import { type Attempts, type MessageRecord, type Settlement, untouched } from '../settlement.ts';
import {
  type Item,
  type Key,
  list,
  MAX_TRANSACTION,
  read,
  type Table,
  transact,
  type Write,
} from './table.ts';
import { addToWorker } from './worker.ts';

/** A message with what the ledger is known, or believed, to say of its jobs. */
export interface Entry {
  message: Message;
  record: MessageRecord;
  /** Where its jobs' documents belong. */
  index: ResultsIndex;
}

/** Decides, from what the ledger says, what it shall say; nothing when it may stay as it is. */
export type Decide = (entry: Entry) => Settlement | undefined;

export interface Counting {
  table: Table;
  worker: WorkerId;
  /** Milliseconds since 1970. */
  now: number;
  /** When the items may be forgotten, seconds since 1970: no delivery of the message can come any more. */
  expiresAt: number;
}

/** How often the ledger may turn out to have moved on before the message is left to its next delivery. */
const ROUNDS = 5;

const messageItemKey = (message: Message): Key => ({ pk: `MESSAGE#${messageKey(message)}`, sk: 'MESSAGE' });
const failedJobKey = (runId: RunId, jobId: JobId): Key => ({
  pk: `RUN#${runId}`,
  sk: `FAILED#${String(jobId).padStart(16, '0')}`,
});

/** What the ledger says of a message's jobs. @throws Unavailable */
export async function readRecord(table: Table, message: Message): Promise<MessageRecord | undefined> {
  const item = await read(table, messageItemKey(message));
  return item && toRecord(item);
}

/** The run's jobs that are counted as failed, in their order. */
export async function* listFailedJobs(table: Table, runId: RunId): AsyncGenerator<JobId> {
  for await (const item of list(table, `RUN#${runId}`, 'FAILED#')) yield Number(item.jobId) as JobId;
}

/**
 * Brings the ledger to what `decide` says of each message: its record, and by as much this worker's counters, in one
 * transaction a slice. A message whose record is not as it was believed is read again, and decided again; so a
 * message that two workers had at once is counted once, whoever is first.
 * @param entries of different messages; their records are as the ledger has them when this returns
 * @throws Unavailable, ConditionFailed; slices before the failing one are written
 */
export async function count(counting: Counting, entries: Entry[], decide: Decide): Promise<void> {
  let open = entries;
  for (let round = 1; open.length > 0; round++) {
    const changes = open.flatMap((entry): Change[] => {
      const settlement = decide(entry);
      return settlement ? [{ entry, settlement }] : [];
    });
    open = [];
    for (const slice of slices(changes)) {
      try {
        await transact(counting.table, writesOf(counting, slice));
        for (const { entry, settlement } of slice) entry.record = settlement.record;
      } catch (error) {
        if (!(error instanceof ConditionFailed) || round === ROUNDS) throw error;
        await Promise.all(slice.map(({ entry }) => reread(counting.table, entry)));
        open.push(...slice.map(({ entry }) => entry));
      }
    }
  }
}

interface Change {
  entry: Entry;
  settlement: Settlement;
}

async function reread(table: Table, entry: Entry): Promise<void> {
  entry.record = (await readRecord(table, entry.message)) ?? untouched(entry.message);
}

/**
 * Slices of one run that fit a transaction: 100 writes, and 4 MB, of which a noted attempt takes up to half a
 * kilobyte.
 */
function slices(changes: Change[]): Change[][] {
  const slices: Change[][] = [];
  let slice: Change[] = [];
  let writes = 1;
  let attempts = 0;
  for (const change of changes) {
    const { record, recovered, givenUp } = change.settlement;
    const more = 1 + recovered.length + givenUp.length;
    const noted = Object.keys(record.attempts).length;
    const sameRun = slice[0]?.entry.message.runId === change.entry.message.runId;
    if (slice.length > 0 && (!sameRun || writes + more > MAX_TRANSACTION || attempts + noted > 4_000)) {
      slices.push(slice);
      slice = [];
      writes = 1;
      attempts = 0;
    }
    slice.push(change);
    writes += more;
    attempts += noted;
  }
  if (slice.length > 0) slices.push(slice);
  return slices;
}

function writesOf({ table, worker, now, expiresAt }: Counting, slice: Change[]): Write[] {
  // All of one run: slices() sees to that.
  const runId = (slice[0] as Change).entry.message.runId;
  const delta = {
    processed: slice.reduce((sum, { settlement }) => sum + settlement.processed, 0),
    failed: slice.reduce((sum, { settlement }) => sum + settlement.failed, 0),
  };
  return [
    ...slice.map(({ entry, settlement }) => putRecord(table, entry, settlement.record, expiresAt)),
    ...slice.flatMap(({ settlement }) => [
      ...settlement.givenUp.map((job) => ({
        Put: { TableName: table.name, Item: { ...failedJobKey(runId, job), jobId: job } },
      })),
      ...settlement.recovered.map((job) => ({
        Delete: { TableName: table.name, Key: failedJobKey(runId, job) },
      })),
    ]),
    addToWorker(table, runId, worker, delta, now),
  ];
}

/** A message that is counted whole, as nearly all are, keeps no lists: its item is as small as can be. */
function putRecord(
  table: Table,
  { message, record: before }: Entry,
  after: MessageRecord,
  expiresAt: number,
): Write {
  const { version, pending, failed, attempts, underWay, alone } = after;
  return {
    Put: {
      TableName: table.name,
      Item: {
        ...messageItemKey(message),
        version,
        expiresAt,
        ...(pending.length > 0 && { pending }),
        ...(failed.length > 0 && { failed }),
        ...(Object.keys(attempts).length > 0 && { attempts }),
        ...(underWay && { underWay }),
        ...(alone && pending.length + failed.length > 0 && { alone }),
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
    ...(item.underWay !== undefined && { underWay: item.underWay as MessageRecord['underWay'] }),
    ...(item.alone === true && { alone: true }),
  } as MessageRecord;
}
