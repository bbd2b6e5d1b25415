import type { Message } from '../model/message.ts';
import type { JobResult, JobTask } from './run-job.ts';

/** How often messages are written while the jobs of other messages run, in milliseconds. */
export const PROGRESS_MS = 1_000;

/** Writes and counts whole messages. @returns false if a service is not available, so that further writes are useless */
export type WriteMessages = (
  messages: ReadonlySet<Message>,
  results: readonly JobResult[],
) => Promise<boolean>;

/**
 * Writes the messages of a group whose jobs have all ended while other jobs go on running, about every second. So a
 * status shows progress within a long batch, and a worker that dies loses little work.
 *
 *     jobs     │ message 1 │ message 2 │ message 3 │ message 4 │
 *     writes                   │ 1 │             │ 2, 3 │      │ the rest, by the group │
 *
 * No job waits for a write. There is one write at a time: `end` waits for it. A group that takes less than `PROGRESS_MS`
 * has no such write.
 */
export class Progress {
  /** The jobs of each message that have not ended. */
  readonly #open = new Map<Message, number>();
  readonly #results = new Map<Message, JobResult[]>();
  /** Messages whose jobs have all ended, and that are not written yet. */
  #whole = new Set<Message>();
  #running: number;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #writtenAt: number;
  #ended = false;

  /** @param clock the current time in milliseconds since 1970 */
  constructor(
    tasks: readonly JobTask[],
    readonly write: WriteMessages,
    readonly clock: () => number,
  ) {
    for (const { message } of tasks) this.#open.set(message, (this.#open.get(message) ?? 0) + 1);
    this.#running = tasks.length;
    this.#writtenAt = clock();
  }

  /** Takes the result of a job that has ended, or was left. A message with a job that was left is never whole. */
  readonly add = (result: JobResult): void => {
    const { message } = result.task;
    this.#running--;
    if (result.kind === 'left') return;
    const results = this.#results.get(message) ?? [];
    results.push(result);
    this.#results.set(message, results);
    if (results.length < (this.#open.get(message) ?? 0)) return;
    this.#whole.add(message);
    this.#schedule();
  };

  /** Ends the writes. Afterwards none is in progress. */
  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.#writing;
  }

  /** Plans the next write, unless one is planned or in progress, or the group is about to write everything. */
  #schedule(): void {
    if (this.#ended || this.#timer || this.#writing || this.#running === 0 || this.#whole.size === 0) return;
    const waitMs = Math.max(0, this.#writtenAt + PROGRESS_MS - this.clock());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#writeWhole();
    }, waitMs);
  }

  /** Never throws: the group's own write meets the same error. */
  async #writeWhole(): Promise<void> {
    const messages = this.#whole;
    this.#whole = new Set();
    try {
      const results = [...messages].flatMap((message) => this.#results.get(message) ?? []);
      this.#ended ||= !(await this.write(messages, results));
    } catch {
      this.#ended = true;
    }
    this.#writing = undefined;
    this.#writtenAt = this.clock();
    this.#schedule();
  }
}
