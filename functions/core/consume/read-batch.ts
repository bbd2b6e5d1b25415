import pMap from 'p-map';
import { groupBy } from '../group-by.ts';
import { type RecordedMessage, readRecord } from '../ledger/message-records.ts';
import { readTick } from '../ledger/ticks.ts';
import type { JobId } from '../model/ids.ts';
import type { ResultsIndex } from '../model/index-name.ts';
import { type Message, messageKey, parseMessage } from '../model/message.ts';
import { isLeased, type MessageRecord, newRecord, type RequestedJobs } from '../model/message-record.ts';
import type { Delivery, Worker } from './worker.ts';

/** A message of a batch, with all that asks for it: it is one, however often it was delivered or its dead letters were sent again. */
export interface MessageState extends RecordedMessage {
  readonly message: Message;
  readonly requests: readonly Request[];
  readonly asked: RequestedJobs;
  readonly record: MessageRecord;
  /** Where its jobs' documents belong. */
  readonly index: ResultsIndex;
  /** Somebody may have worked on it before; its record was read. */
  readonly redelivered: boolean;
  /** How often it came back without being sent back: a worker may have died of it. */
  readonly unexplained: number;
  /** Leases that may stand in its record, and whose holders live. */
  readonly survived: readonly string[];
  /** When it may be worked on, milliseconds since 1970: it waits for another delivery's lease, or was sent back for longer than SQS delays. */
  readonly notBefore: number;
  /** Why it can't be worked on now. */
  readonly trouble?: Error | undefined;
}

/** One message of the queue, and its deliveries in this batch. */
export interface Request {
  readonly message: Message;
  readonly deliveries: readonly Delivery[];
}

/** A batch as it was delivered. */
export interface ReadBatch {
  states: MessageState[];
  /** What nobody can make sense of, now or later. */
  malformed: { delivery: Delivery; reason: string }[];
}

/** Clocks of two workers may differ by so much, in milliseconds. */
const CLOCK_SKEW_MS = 60_000;

/** The longest that a message is sent back for (retryCapSeconds), in milliseconds; one that says more is not believed. */
const LONGEST_WAIT_MS = 43_200_000;

/** Messages that are looked up at a time: the SDK has 50 connections, and a request's time runs while it waits for one. */
const LOOKUPS_AT_ONCE = 40;

/** Reads the messages, and what the ledger says of those that may have been here before. Never throws. */
export async function readBatch(worker: Worker, deliveries: readonly Delivery[]): Promise<ReadBatch> {
  const batch: ReadBatch = { states: [], malformed: [] };
  const requests: Request[] = [];
  const discard = (unfit: readonly Delivery[], reason: string) =>
    batch.malformed.push(...unfit.map((delivery) => ({ delivery, reason })));
  for (const [body, same] of groupBy(deliveries, (delivery) => delivery.body)) {
    const parsed = parseMessage(body);
    if ('malformed' in parsed) discard(same, parsed.malformed);
    else requests.push({ message: parsed.message, deliveries: same });
  }
  await pMap(
    groupBy(requests, ({ message }) => messageKey(message)).values(),
    async (same) => {
      const delivered = deliveredState(same, worker.clock());
      try {
        const read = delivered.notBefore > worker.clock() ? delivered : await lookUp(worker, delivered);
        if (typeof read === 'string') for (const { deliveries } of same) discard(deliveries, read);
        else batch.states.push(read);
      } catch (error) {
        batch.states.push({ ...delivered, trouble: error as Error });
      }
    },
    { concurrency: LOOKUPS_AT_ONCE },
  );
  return batch;
}

/** What deliveries of one message say of it, before anybody has looked it up. */
function deliveredState(same: readonly Request[], now: number): MessageState {
  // The newest is believed: a copy that says that it is older may be forged.
  const requests = [...same].sort((a, b) => b.message.enqueuedAt - a.message.enqueuedAt);
  const messages = requests.map(({ message }) => message);
  const message = messages[0] as Message;
  const asked = requestedJobs(messages);
  const deliveries = requests.flatMap(({ deliveries }) => deliveries);
  const returns = messages.flatMap(({ returned }) => returned ?? []);
  const waits = Math.min(...messages.map(({ returned }) => returned?.notBefore ?? 0)) - now;
  return {
    message,
    requests,
    asked,
    record: newRecord(message),
    index: { name: '' },
    redelivered:
      asked.rounds.size > 0 ||
      returns.length > 0 ||
      deliveries.length > 1 ||
      deliveries.some(({ receives }) => receives > 1),
    unexplained:
      Math.max(...deliveries.map(({ receives }) => receives - 1)) +
      Math.max(0, ...returns.map(({ unexplained = 0 }) => unexplained)),
    survived: returns.flatMap(({ survived = [] }) => survived),
    notBefore: waits > CLOCK_SKEW_MS && waits < LONGEST_WAIT_MS ? now + waits : 0,
  };
}

/** @returns what is wrong with the message, if it can't be worked on ever. @throws Unavailable */
async function lookUp(worker: Worker, state: MessageState): Promise<MessageState | string> {
  const { message, asked, survived } = state;
  const { table, ttlSeconds, clock } = worker.ledger;
  const tick = await worker.ticks.ownerOf(message, (runId, tick) => readTick(table, runId, tick));
  if (!tick) return `no tick of the ledger has jobs ${message.first}–${message.last} in one message`;
  // Its record may have expired, and then its jobs would be counted anew.
  const isOld = clock() - message.enqueuedAt > ttlSeconds * 1_000;
  // A first delivery is nearly always the only one; should it not be, the condition of its write finds out.
  const found = state.redelivered || isOld ? await readRecord(table, message) : undefined;
  if (!found && isOld) return 'it is older than the ledger remembers';
  if (!found && !asked.whole)
    return 'the ledger has forgotten this job: it can’t be told whether it was counted';
  const record = found ?? state.record;
  const notBefore = isLeased(record, survived, clock()) ? (record.lease?.until ?? 0) : 0;
  return { ...state, record, index: tick.index, notBefore };
}

/** What messages with the same jobs ask for together. */
export function requestedJobs(messages: readonly Message[]): RequestedJobs {
  const rounds = new Map<JobId, number>();
  for (const { retry } of messages)
    for (const job of retry?.jobs ?? []) rounds.set(job, Math.max(retry?.round ?? 0, rounds.get(job) ?? 0));
  return { whole: messages.some(({ retry }) => !retry), rounds };
}
