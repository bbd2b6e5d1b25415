import {
  type FilteredLogEvent,
  FilterLogEventsCommand,
  type FilterLogEventsCommandOutput,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';
import { type LogLine, readLogLine } from '../terminal/log-line.ts';
import type { Deployment, FunctionName } from './deployment.ts';
import type { Target } from './target.ts';

/** The most events a call returns (CloudWatch's quota). */
const PAGE = 10_000;

/** An event that comes in is looked for this far back: CloudWatch shows events late, and out of order. */
const LATE_MS = 30_000;

/** Reads the logs of functions, each event once; called again, it gives what has come since. */
export class LogReader {
  /** When each event was that may be met again, by what makes it one event. */
  readonly #seen = new Map<string, number>();
  #from: number;

  constructor(
    readonly deployment: Deployment,
    readonly functions: readonly FunctionName[],
    /** From when on, in milliseconds since 1970. */
    since: number,
    /** Only events that hold this; the cloud's own search, where it can do that. */
    readonly filter?: string,
  ) {
    this.#from = since;
  }

  /** What is new, the oldest first. */
  async read(signal: AbortSignal): Promise<LogLine[]> {
    const read = await Promise.all(this.functions.map((name) => this.#readFunction(name, signal)));
    const newest = Math.max(this.#from, ...this.#seen.values());
    this.#from = Math.max(this.#from, newest - LATE_MS);
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
      // The emulator ends a page without a token for the next.
      const last = events.at(-1)?.timestamp ?? startTime;
      if (events.length < PAGE || last === startTime) return lines;
      startTime = last;
    }
  }

  async #readPage(
    from: { logGroupName: string; startTime: number; nextToken: string | undefined },
    abortSignal: AbortSignal,
  ): Promise<FilterLogEventsCommandOutput> {
    const { name, clients } = this.deployment.target;
    const filter = this.filter !== undefined &&
      canSearch(this.filter) && { filterPattern: `"${this.filter}"` };
    try {
      return await clients.logs.send(new FilterLogEventsCommand({ ...from, limit: PAGE, ...filter }), {
        abortSignal,
      });
    } catch (error) {
      // Lambda makes its own group when a function is first invoked.
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

/** Where a function's log is: LocalStack writes to the group of Lambda's own naming, whatever the stack says. */
export function logGroupsOf({ name }: Pick<Target, 'name'>, functionName: string): string[] {
  const ours = `/drumline/${functionName}`;
  return name === 'localstack' ? [ours, `/aws/lambda/${functionName}`] : [ours];
}

/** Quotes and backslashes inside a quoted term mean different things to CloudWatch and to the emulators. */
function canSearch(filter: string): boolean {
  return /^[\w .:-]+$/.test(filter) && !filter.includes('=');
}
