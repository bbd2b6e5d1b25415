import {
  type FilteredLogEvent,
  FilterLogEventsCommand,
  type FilterLogEventsCommandOutput,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Deployment, FunctionName } from './deployment.ts';
import { type LogLine, readLogLine } from './log-line.ts';
import { inOrder } from './merge-logs.ts';
import type { Target } from './target.ts';

/** The maximum number of events per call (CloudWatch's quota). */
const PAGE_SIZE = 10_000;

/** How readings overlap, because CloudWatch shows events late and out of order. Times are in milliseconds. */
export interface Overlaps {
  usualMs: number;
  /** Every `longEvery`th reading overlaps by `longMs`, for events that are even later. */
  longMs: number;
  longEvery: number;
}

const OVERLAPS: Overlaps = { usualMs: 30_000, longMs: 300_000, longEvery: 15 };

export interface LogReaderOptions {
  /** Only events with this text. CloudWatch does the search where it can. */
  filter?: string | undefined;
  /** The end, in milliseconds since 1970; without it, the logs have no end. */
  until?: number | undefined;
  overlaps?: Overlaps;
  /** Awaited before each call of CloudWatch, e.g. to limit their number. */
  beforeCall?: () => Promise<void>;
}

/** Reads the logs of functions. Each reading returns the events that are new since the last one. */
export class LogReader {
  /** The times of the events in the long overlap, by event. */
  readonly #seen = new Map<string, number>();
  /** The time of the newest event, in milliseconds since 1970. */
  #newest: number;
  #readings = 0;

  constructor(
    readonly deployment: Pick<Deployment, 'target' | 'functions'>,
    readonly functions: readonly FunctionName[],
    /** The start, in milliseconds since 1970. */
    readonly since: number,
    readonly options: LogReaderOptions = {},
  ) {
    this.#newest = since;
  }

  /** Reads the new lines, oldest first. After a failed reading, the next one returns the lines of both. */
  async read(signal: AbortSignal): Promise<LogLine[]> {
    const { usualMs, longMs, longEvery } = this.options.overlaps ?? OVERLAPS;
    const overlap = this.#readings % longEvery === 0 ? longMs : usualMs;
    const from = Math.max(this.since, this.#newest - overlap);
    const read = await Promise.all(this.functions.map((name) => this.#readFunction(name, from, signal)));
    this.#readings++;
    // A log line may name any time as its own. Events of the future must not hide those of the present.
    const now = Math.max(Date.now(), this.since);
    const lines = read.flat().flatMap(({ name, key, event: { timestamp = 0, message = '' } }) => {
      if (this.#seen.has(key)) return [];
      this.#seen.set(key, timestamp);
      this.#newest = Math.max(this.#newest, Math.min(timestamp, now));
      return [readLogLine(name, timestamp, message)];
    });
    const oldest = this.#newest - longMs;
    for (const [key, at] of this.#seen) if (at < oldest) this.#seen.delete(key);
    return inOrder(lines);
  }

  async #readFunction(name: FunctionName, from: number, signal: AbortSignal): Promise<NamedEvent[]> {
    const { target, functions } = this.deployment;
    const groups = logGroupsOf(target, functions[name]);
    const read = await Promise.all(groups.map((group) => this.#readGroup(group, from, signal)));
    return read.flat().map((event) => ({ name, ...event }));
  }

  async #readGroup(
    logGroupName: string,
    from: number,
    abortSignal: AbortSignal,
  ): Promise<Omit<NamedEvent, 'name'>[]> {
    const found = new Map<string, FilteredLogEvent>();
    let startTime = from;
    let nextToken: string | undefined;
    let keyOf = keysIn(logGroupName);
    for (;;) {
      const page = await this.#readPage({ logGroupName, startTime, nextToken }, abortSignal);
      const events = page.events ?? [];
      for (const event of events) found.set(keyOf(event), event);
      nextToken = page.nextToken;
      if (nextToken !== undefined) continue;
      // The emulator returns no token for the next page.
      const last = events.at(-1)?.timestamp ?? startTime;
      if (events.length < PAGE_SIZE || last === startTime)
        return [...found].map(([key, event]) => ({ key, event }));
      startTime = last;
      keyOf = keysIn(logGroupName);
    }
  }

  async #readPage(
    from: { logGroupName: string; startTime: number; nextToken: string | undefined },
    abortSignal: AbortSignal,
  ): Promise<FilterLogEventsCommandOutput> {
    const { name, clients } = this.deployment.target;
    const { filter: text, until, beforeCall } = this.options;
    const end = until !== undefined && { endTime: until };
    const filter = text !== undefined && canSearch(text) && { filterPattern: `"${text}"` };
    await beforeCall?.();
    try {
      return await clients.logs.send(
        new FilterLogEventsCommand({ ...from, limit: PAGE_SIZE, ...filter, ...end }),
        {
          abortSignal,
        },
      );
    } catch (error) {
      // An emulator has one of the two log groups, and Lambda creates its own when the function is first invoked.
      if (name === 'aws' || !(error instanceof ResourceNotFoundException)) throw error;
      return { $metadata: {} };
    }
  }
}

/** An event, and the key that it has in every reading. */
interface NamedEvent {
  name: FunctionName;
  key: string;
  event: FilteredLogEvent;
}

/**
 * The keys of the events of one log group, in the order of their times. The emulator gives no ids. A function may log the
 * same text twice in a millisecond, so equal events are numbered.
 */
function keysIn(logGroupName: string): (event: FilteredLogEvent) => string {
  const equal = new Map<string, number>();
  return ({ eventId, logStreamName, timestamp = 0, message }) => {
    if (eventId !== undefined) return eventId;
    const key = `${logGroupName} ${logStreamName} ${timestamp} ${message}`;
    const number = (equal.get(key) ?? 0) + 1;
    equal.set(key, number);
    return `${key} ${number}`;
  };
}

/**
 * The log groups in which a function's lines may be. AWS honours the log group in the stack. Emulators use this one, or
 * the default group of Lambda.
 */
export function logGroupsOf({ name }: Pick<Target, 'name'>, functionName: string): string[] {
  const ours = `/drumline/${functionName}`;
  return name === 'aws' ? [ours] : [ours, `/aws/lambda/${functionName}`];
}

/** CloudWatch and the emulators disagree about quotes and backslashes inside a quoted term. */
function canSearch(filter: string): boolean {
  return /^[\w .:-]+$/.test(filter) && !filter.includes('=');
}
