import { type Entry, readRecord } from './ledger/message.ts';
import { readTick } from './ledger/tick.ts';
import { type Message, messageKey, parseMessage } from './message.ts';
import { untouched } from './settlement.ts';
import type { Delivery, Worker } from './worker.ts';

/** What a batch's deliveries are: messages of the ledger's ticks, or nothing that can be worked on. */
export interface Identified {
  identified: { entry: Entry; delivery: Delivery }[];
  malformed: { delivery: Delivery; reason: string }[];
}

/** Reads the messages, and what the ledger says of those that may have been here before. */
export async function identify(worker: Worker, deliveries: Delivery[]): Promise<Identified> {
  const all: Identified = { identified: [], malformed: [] };
  const seen = new Map<string, Promise<Entry | string>>();
  const most = mostReceived(deliveries);
  await Promise.all(
    deliveries.map(async (delivery) => {
      const parsed = parseMessage(delivery.body);
      if ('malformed' in parsed) {
        all.malformed.push({ delivery, reason: parsed.malformed });
        return;
      }
      const name = nameOf(parsed.message);
      const lookup = seen.get(name) ?? lookUp(worker, parsed.message, most.get(delivery.body) ?? 1);
      seen.set(name, lookup);
      const found = await lookup;
      if (typeof found === 'string') all.malformed.push({ delivery, reason: found });
      else all.identified.push({ entry: found, delivery });
    }),
  );
  return all;
}

/** How often a message has been received, by its body: of two copies in a batch, one may have come for the first time. */
function mostReceived(deliveries: Delivery[]): Map<string, number> {
  const most = new Map<string, number>();
  for (const { body, receives } of deliveries) most.set(body, Math.max(receives, most.get(body) ?? 0));
  return most;
}

async function lookUp(worker: Worker, message: Message, receives: number): Promise<Entry | string> {
  const tick = await worker.ticks.ownerOf(message, (runId, tick) => readTick(worker.table, runId, tick));
  if (!tick) return `no tick of the ledger has jobs ${message.first}–${message.last} in one message`;
  // Its item may have expired, and then its jobs would be counted anew. (Retries are known by their items, below.)
  const age = worker.clock() - message.enqueuedAt;
  if (!message.retry && age > worker.settings.remember * 1000) return 'it is older than the ledger remembers';
  const index = tick.index ?? { name: worker.results.index };
  // A first delivery is nearly always the only one; should it not be, counting finds out by its condition.
  if (receives === 1 && !message.retry) return { message, record: untouched(message), index };
  const record = await readRecord(worker.table, message);
  if (!record && message.retry)
    return 'the ledger has forgotten this job: it can’t be told whether it was counted';
  return { message, record: record ?? untouched(message), index };
}

/** Names what a message asks for: a retry of one of its jobs is another thing than the message. */
function nameOf(message: Message): string {
  return message.retry
    ? `${messageKey(message)}#${message.retry.id}#${message.retry.jobs.join(',')}`
    : messageKey(message);
}
