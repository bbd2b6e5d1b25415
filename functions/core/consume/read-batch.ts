import { groupBy } from '../group-by.ts';
import type { JobId } from '../ids.ts';
import { type Recorded, readRecord } from '../ledger/records.ts';
import { readTick } from '../ledger/tick.ts';
import { type Message, messageKey, parseMessage } from '../message.ts';
import { type Asked, type MessageRecord, newRecord } from '../message-record.ts';
import type { ResultsIndex } from '../results/indexing.ts';
import type { Delivery, Worker } from './worker.ts';

/** A message of a batch, with all that asks for it: it is one, however often it was delivered or its dead letters were sent again. */
export interface MessageState extends Recorded {
  readonly message: Message;
  readonly requests: readonly Request[];
  readonly asked: Asked;
  readonly record: MessageRecord;
  /** Where its jobs' documents belong. */
  readonly index: ResultsIndex;
  /** Somebody may have worked on it before; its record was read. */
  readonly redelivered: boolean;
  /** It came back too often without being sent back: a worker may die of it. */
  readonly suspect: boolean;
  /** Leases that may stand in its record, and whose holders live. */
  readonly survived: readonly string[];
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
  /** What could not be looked up, and why; or is too early: SQS delays a message for 15 minutes at most. */
  unread: { request: Request; trouble?: Error | undefined; suspect?: boolean; survived?: string[] }[];
}

/** Receives of a message before it is suspect: nearly all need one, and one more when a worker died of something else. */
const UNSUSPICIOUS_RECEIVES = 2;

/** Clocks of two workers may differ by so much, in milliseconds. */
const CLOCK_SKEW_MS = 60_000;

/** Reads the messages, and what the ledger says of those that may have been here before. Never throws. */
export async function readBatch(worker: Worker, deliveries: readonly Delivery[]): Promise<ReadBatch> {
  const batch: ReadBatch = { states: [], malformed: [], unread: [] };
  const requests: Request[] = [];
  for (const [body, same] of groupBy(deliveries, (delivery) => delivery.body)) {
    const parsed = parseMessage(body);
    if ('malformed' in parsed) batch.malformed.push(...malformed(same, parsed.malformed));
    else requests.push({ message: parsed.message, deliveries: same });
  }
  const isEarly = ({ message: { returned } }: Request) =>
    (returned?.notBefore ?? 0) - worker.clock() > CLOCK_SKEW_MS;
  const unread = (request: Request, trouble?: Error) => {
    const { suspect = false, survived = [] } = request.message.returned ?? {};
    batch.unread.push({ request, trouble, suspect, survived });
  };
  for (const request of requests.filter(isEarly)) unread(request);
  const due = requests.filter((request) => !isEarly(request));
  await Promise.all(
    [...groupBy(due, ({ message }) => messageKey(message)).values()].map(async (requests) => {
      try {
        const read = await readState(worker, requests);
        if (typeof read !== 'string') batch.states.push(read);
        else batch.malformed.push(...requests.flatMap(({ deliveries }) => malformed(deliveries, read)));
      } catch (error) {
        for (const request of requests) unread(request, error as Error);
      }
    }),
  );
  return batch;
}

/** @returns what is wrong with the message, if it can't be worked on ever */
async function readState(worker: Worker, requests: readonly Request[]): Promise<MessageState | string> {
  const messages = requests.map(({ message }) => message);
  const deliveries = requests.flatMap(({ deliveries }) => deliveries);
  const message = messages[0] as Message;
  const { table, ttlSeconds } = worker.ledger;
  const tick = await worker.ticks.ownerOf(message, (runId, tick) => readTick(table, runId, tick));
  if (!tick) return `no tick of the ledger has jobs ${message.first}–${message.last} in one message`;
  const asked = askedOf(messages);
  // Its record may have expired, and then its jobs would be counted anew. (A retry is known by the record, below.)
  if (asked.whole && worker.clock() - message.enqueuedAt > ttlSeconds * 1_000)
    return 'it is older than the ledger remembers';
  const returns = messages.flatMap(({ returned }) => returned ?? []);
  const receives = Math.max(...deliveries.map((delivery) => delivery.receives));
  const redelivered =
    !asked.whole || asked.rounds.size > 0 || deliveries.length > 1 || receives > 1 || returns.length > 0;
  // A first delivery is nearly always the only one; should it not be, the condition of its write finds out.
  const record = redelivered ? await readRecord(table, message) : undefined;
  if (!record && !asked.whole)
    return 'the ledger has forgotten this job: it can’t be told whether it was counted';
  return {
    message,
    requests,
    asked,
    record: record ?? newRecord(message),
    index: tick.index,
    redelivered,
    suspect: receives > UNSUSPICIOUS_RECEIVES || returns.some(({ suspect }) => suspect),
    survived: returns.flatMap(({ survived = [] }) => survived),
  };
}

/** What messages with the same jobs ask for together. */
export function askedOf(messages: readonly Message[]): Asked {
  const rounds = new Map<JobId, number>();
  for (const { retry } of messages)
    for (const job of retry?.jobs ?? []) rounds.set(job, Math.max(retry?.round ?? 0, rounds.get(job) ?? 0));
  return { whole: messages.some(({ retry }) => !retry), rounds };
}

function malformed(deliveries: readonly Delivery[], reason: string): ReadBatch['malformed'] {
  return deliveries.map((delivery) => ({ delivery, reason }));
}
