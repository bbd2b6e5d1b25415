import pMap from 'p-map';
import { groupBy } from '../grouping.ts';
import { type RecordedMessage, readRecord } from '../ledger/message-records.ts';
import { readTick } from '../ledger/ticks.ts';
import type { JobId } from '../model/ids.ts';
import type { ResultsIndex } from '../model/index-name.ts';
import type { ItemEntry } from '../model/item.ts';
import { type Message, messageKey, parseMessage } from '../model/message.ts';
import { isLeased, type MessageRecord, newRecord, type RequestedJobs } from '../model/message-record.ts';
import type { Tick } from '../model/tick.ts';
import type { Delivery, Worker } from './worker.ts';

/**
 * A message of a batch and what the worker knows about it. Copies of a message (delivered twice, sent twice, or retries
 * of its dead letters) share one state. A `problem` means that the message cannot be processed now.
 */
export interface MessageState extends RecordedMessage {
  readonly message: Message;
  readonly requests: readonly Request[];
  readonly requested: RequestedJobs;
  readonly record: MessageRecord;
  /** The index for the documents of its jobs. */
  readonly index: ResultsIndex;
  /** The tick that owns the message; absent until the ledger was asked. */
  readonly tick?: Tick;
  /** The items of jobs, as far as they were loaded. Jobs of a tick without a list need none. */
  readonly entries?: ReadonlyMap<JobId, ItemEntry>;
  /** Whether another worker may have processed it before. If so, its record was read. */
  readonly redelivered: boolean;
  /** How often it came back although no worker had sent it back. Its jobs may have killed those workers. */
  readonly unexplained: number;
  /** Ids of leases that its record may still contain although their holders survived. */
  readonly survived: readonly string[];
  /**
   * When its jobs may run, in milliseconds since 1970; 0 for now. Later if another delivery holds a lease on it, or if
   * it was sent back for longer than SQS can delay a message.
   */
  readonly notBefore: number;
  /** Why Elasticsearch refused to change documents of its dead letters, if it did. No job waits for that. For the log. */
  readonly undocumented?: string;
}

/** One message of the queue and its deliveries in this batch. */
export interface Request {
  readonly message: Message;
  readonly deliveries: readonly Delivery[];
}

/** A batch after its messages were parsed and looked up. */
export interface ReadBatch {
  states: MessageState[];
  /** Messages that a newer version of the code wrote, and that its consumer will process. */
  newer: { body: object; returns: number; deliveries: readonly Delivery[] }[];
  /** Deliveries that can never be processed, and why. */
  malformed: { delivery: Delivery; reason: string }[];
}

/** Maximum difference between the clocks of two workers, in milliseconds. */
const CLOCK_SKEW_MS = 60_000;

/** Maximum delay of a message that is sent back (retryCapSeconds), in milliseconds. A longer one is ignored as forged. */
const MAX_WAIT_MS = 43_200_000;

/**
 * How often a message of a newer version is sent back before it becomes a dead letter: about a day, with the waits of
 * `outageDelaySeconds`. A deployment updates the consumer within minutes.
 */
const MAX_NEWER_RETURNS = 400;

/** Messages looked up at the same time. The SDK has 50 connections, and waiting for one counts towards the timeout. */
const LOOKUPS_AT_ONCE = 40;

/**
 * Parses the messages, merges copies, and reads the ledger's records of messages that may have been processed before.
 * Never throws: a message that could not be looked up has a `problem`.
 */
export async function readBatch(worker: Worker, deliveries: readonly Delivery[]): Promise<ReadBatch> {
  const batch: ReadBatch = { states: [], newer: [], malformed: [] };
  const requests: Request[] = [];
  const reject = (rejected: readonly Delivery[], reason: string) =>
    batch.malformed.push(...rejected.map((delivery) => ({ delivery, reason })));
  for (const [body, copies] of groupBy(deliveries, (delivery) => delivery.body)) {
    const parsed = parseMessage(body);
    if ('malformed' in parsed) {
      const { newer, malformed } = parsed;
      if (newer && newer.returns < MAX_NEWER_RETURNS) batch.newer.push({ ...newer, deliveries: copies });
      else reject(copies, malformed);
    } else requests.push({ message: parsed.message, deliveries: copies });
  }
  await pMap(
    groupBy(requests, ({ message }) => messageKey(message)).values(),
    async (copies) => {
      const delivered = mergeCopies(copies, worker.clock());
      try {
        const read = delivered.notBefore > worker.clock() ? delivered : await lookUp(worker, delivered);
        if (typeof read === 'string') for (const { deliveries } of copies) reject(deliveries, read);
        else batch.states.push(read);
      } catch (error) {
        batch.states.push({ ...delivered, problem: error as Error });
      }
    },
    { concurrency: LOOKUPS_AT_ONCE },
  );
  return batch;
}

/** The state of a message by its copies alone, before the ledger is asked. */
function mergeCopies(copies: readonly Request[], now: number): MessageState {
  // The newest copy counts: one that claims to be older may be forged.
  const requests = [...copies].sort((a, b) => b.message.enqueuedAt - a.message.enqueuedAt);
  const messages = requests.map(({ message }) => message);
  const message = messages[0] as Message;
  const requested = requestedJobs(messages);
  const deliveries = requests.flatMap(({ deliveries }) => deliveries);
  const returns = messages.flatMap(({ returned }) => returned ?? []);
  const waitMs = Math.min(...messages.map(({ returned }) => returned?.notBefore ?? 0)) - now;
  return {
    message,
    requests,
    requested,
    record: newRecord(message),
    index: { name: '' },
    redelivered:
      requested.rounds.size > 0 ||
      returns.length > 0 ||
      deliveries.length > 1 ||
      deliveries.some(({ receives }) => receives > 1),
    unexplained:
      Math.max(...deliveries.map(({ receives }) => receives - 1)) +
      Math.max(0, ...returns.map(({ unexplained = 0 }) => unexplained)),
    survived: returns.flatMap(({ survived = [] }) => survived),
    notBefore: waitMs > CLOCK_SKEW_MS && waitMs < MAX_WAIT_MS ? now + waitMs : 0,
  };
}

/**
 * Finds the tick that owns the message, and reads the message's record if it may have one.
 * @returns the reason as a string, if the message can never be processed
 * @throws Unavailable
 */
async function lookUp(worker: Worker, state: MessageState): Promise<MessageState | string> {
  const { message, requested, survived } = state;
  const { table, ttlSeconds, clock } = worker.ledger;
  const tick = await worker.ticks.ownerOf(message, (runId, tick) => readTick(table, runId, tick));
  if (!tick) return `no tick of the ledger has jobs ${message.first}–${message.last} in one message`;
  // The record of an old message may have expired. Without it the jobs would be counted again.
  const isOld = clock() - message.enqueuedAt > ttlSeconds * 1_000;
  // A first delivery needs no read: if another delivery was faster, the condition of the write fails.
  const found = state.redelivered || isOld ? await readRecord(table, message) : undefined;
  if (!found && isOld) return 'the message is older than any record that the ledger keeps';
  if (!found && !requested.all)
    return 'the job’s record has expired: it is unknown whether the job was counted';
  const record = found ?? state.record;
  const notBefore = isLeased(record, survived, clock()) ? (record.lease?.until ?? 0) : 0;
  return { ...state, record, index: tick.index, tick, notBefore };
}

/** The jobs that copies of a message ask for together. */
export function requestedJobs(messages: readonly Message[]): RequestedJobs {
  const rounds = new Map<JobId, number>();
  for (const { retry } of messages)
    for (const job of retry?.jobs ?? []) rounds.set(job, Math.max(retry?.round ?? 0, rounds.get(job) ?? 0));
  return { all: messages.some(({ retry }) => !retry), rounds };
}
