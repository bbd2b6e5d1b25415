import {
  type FilteredLogEvent,
  FilterLogEventsCommand,
  type FilterLogEventsCommandOutput,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Deployment, FunctionName } from './deployment.ts';
import { type LogLine, readLogLine } from './log-line.ts';
import type { Target } from './target.ts';

/** The maximum number of events per call (CloudWatch's quota). */
const PAGE_SIZE = 10_000;

/** Overlap of two readings, in milliseconds, because CloudWatch shows events late and out of order. */
const OVERLAP_MS = 30_000;

/** Reads the logs of functions. Each reading returns the events that are new since the last one. */
export class LogReader {
  /** The times of the events in the overlap, by event. */
  readonly #seen = new Map<string, number>();
  #from: number;

  constructor(
    readonly deployment: Deployment,
    readonly functions: readonly FunctionName[],
    /** The start, in milliseconds since 1970. */
    since: number,
    /** Only events with this text. CloudWatch does the search where it can. */
    readonly filter?: string,
    /** The end, in milliseconds since 1970; without it, the logs have no end. */
    readonly until?: number,
  ) {
    this.#from = since;
  }

  /** Reads the new lines, oldest first. */
  async read(signal: AbortSignal): Promise<LogLine[]> {
    const read = await Promise.all(this.functions.map((name) => this.#readFunction(name, signal)));
    const newest = Math.max(this.#from, ...this.#seen.values());
    this.#from = Math.max(this.#from, newest - OVERLAP_MS);
    for (const [key, at] of this.#seen) if (at < this.#from) this.#seen.delete(key);
    return read.flat().sort((one, other) => (one.time < other.time ? -1 : one.time > other.time ? 1 : 0));
  }

  async #readFunction(name: FunctionName, signal: AbortSignal): Promise<LogLine[]> {
    const { target, functions } = this.deployment;
    const groups = logGroupsOf(target, functions[name]);
    const read = await Promise.all(groups.map((group) => this.#readGroup(name, group, signal)));
    return read.flat();
  }

  async #readGroup(name: FunctionName, logGroupName: string, abortSignal: AbortSignal): Promise<LogLine[]> {
    const lines: LogLine[] = [];
    let startTime = this.#from;
    let nextToken: string | undefined;
    for (;;) {
      const page = await this.#readPage({ logGroupName, startTime, nextToken }, abortSignal);
      const events = page.events ?? [];
      for (const event of events) {
        if (!this.#isNew(name, event)) continue;
        lines.push(readLogLine(name, event.timestamp ?? 0, event.message ?? ''));
      }
      nextToken = page.nextToken;
      if (nextToken !== undefined) continue;
      // The emulator returns no token for the next page.
      const last = events.at(-1)?.timestamp ?? startTime;
      if (events.length < PAGE_SIZE || last === startTime) return lines;
      startTime = last;
    }
  }

  async #readPage(
    from: { logGroupName: string; startTime: number; nextToken: string | undefined },
    abortSignal: AbortSignal,
  ): Promise<FilterLogEventsCommandOutput> {
    const { name, clients } = this.deployment.target;
    const end = this.until !== undefined && { endTime: this.until };
    const filter = this.filter !== undefined &&
      canSearch(this.filter) && { filterPattern: `"${this.filter}"` };
    try {
      return await clients.logs.send(
        new FilterLogEventsCommand({ ...from, limit: PAGE_SIZE, ...filter, ...end }),
        {
          abortSignal,
        },
      );
    } catch (error) {
      // Lambda creates its own log group when the function is first invoked.
      if (name !== 'localstack' || !(error instanceof ResourceNotFoundException)) throw error;
      return { $metadata: {} };
    }
  }

  #isNew(name: FunctionName, { eventId, logStreamName, timestamp = 0, message }: FilteredLogEvent): boolean {
    const key = `${name} ${eventId ?? `${logStreamName} ${timestamp} ${message}`}`;
    if (this.#seen.has(key)) return false;
    this.#seen.set(key, timestamp);
    return true;
  }
}

/** The log groups of a function. LocalStack uses Lambda's default group instead of the one in the stack. */
export function logGroupsOf({ name }: Pick<Target, 'name'>, functionName: string): string[] {
  const ours = `/drumline/${functionName}`;
  return name === 'localstack' ? [ours, `/aws/lambda/${functionName}`] : [ours];
}

/** CloudWatch and the emulators disagree about quotes and backslashes inside a quoted term. */
function canSearch(filter: string): boolean {
  return /^[\w .:-]+$/.test(filter) && !filter.includes('=');
}
