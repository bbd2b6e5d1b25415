import { isMetricLine, isPlatformLine, type LogLine, renderLogLine } from '../../cli/cloud/log-line.ts';
import { LogMerger } from '../../cli/cloud/merge-logs.ts';
import { UNCOLOURED } from '../../cli/terminal/output.ts';
import { type Line, LOG_LEVELS, type LogFilter, type LogLevel } from '../protocol.ts';

/** Lines that the feed keeps: a minute of 300 lines per second, which 1,000 workers write. */
export const KEPT_LINES = 20_000;

/** Matching lines that a page receives at first. */
export const FIRST_LINES = 1_000;

interface KeptLine {
  id: number;
  line: LogLine;
}

interface Subscriber {
  filter: LogFilter;
  send(lines: Line[]): Promise<unknown>;
  /** The newest line that was looked at for this page; undefined before the first event. */
  upTo: number | undefined;
  isSending: boolean;
}

/**
 * The newest log lines of all functions, for all pages that show logs. One reader adds lines; each page receives those that
 * match its filter. A slow page receives the next lines when it has taken the last ones, so that none pile up for it.
 */
export class LogFeed {
  readonly #merger = new LogMerger();
  readonly #subscribers = new Set<Subscriber>();
  #kept: KeptLine[] = [];
  #lastId = 0;
  #hasRead = false;

  /** Whether a page shows logs. */
  get hasViewers(): boolean {
    return this.#subscribers.size > 0;
  }

  /**
   * Adds the lines of one reading, also if there are none: lines of earlier readings may be due.
   * @param now milliseconds of any clock that only goes forward
   */
  add(lines: readonly LogLine[], now: number): void {
    this.#merger.add(
      lines.filter((line) => !isPlatformLine(line) && !isMetricLine(line)),
      now,
    );
    for (const line of this.#merger.release(now)) this.#kept.push({ id: ++this.#lastId, line });
    if (this.#kept.length > KEPT_LINES) this.#kept = this.#kept.slice(-KEPT_LINES);
    this.#hasRead = true;
    for (const subscriber of this.#subscribers) void this.#sendTo(subscriber);
  }

  /**
   * Sends the newest `FIRST_LINES` lines that match, as soon as the logs were read once, and then each new one. The first
   * event is also sent if no line matches.
   * @param send the next lines are sent when its promise resolves
   * @returns ends that
   */
  join(filter: LogFilter, send: Subscriber['send']): () => void {
    const subscriber: Subscriber = { filter, send, upTo: undefined, isSending: false };
    this.#subscribers.add(subscriber);
    void this.#sendTo(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  async #sendTo(subscriber: Subscriber): Promise<void> {
    if (subscriber.isSending || !this.#hasRead) return;
    subscriber.isSending = true;
    try {
      while (this.#subscribers.has(subscriber) && subscriber.upTo !== this.#lastId) {
        const isFirst = subscriber.upTo === undefined;
        const lines = this.#matching(subscriber);
        subscriber.upTo = this.#lastId;
        if (isFirst || lines.length > 0) await subscriber.send(lines);
      }
    } catch {
      // The page is gone.
      this.#subscribers.delete(subscriber);
    } finally {
      subscriber.isSending = false;
    }
  }

  #matching({ filter, upTo }: Subscriber): Line[] {
    const unseen = upTo === undefined ? this.#kept.length : Math.min(this.#lastId - upTo, this.#kept.length);
    const limit = upTo === undefined ? FIRST_LINES : KEPT_LINES;
    const found: Line[] = [];
    for (let at = this.#kept.length - 1; at >= this.#kept.length - unseen && found.length < limit; at--) {
      const { id, line } = this.#kept[at] as KeptLine;
      if (matches(line, filter)) found.push(lineOf(id, line));
    }
    return found.reverse();
  }
}

/** Whether a line passes a filter. A line without a level counts as INFO, as in Lambda's own filter of levels. */
export function matches(line: LogLine, { function: name, worker, level, text }: LogFilter): boolean {
  if (name !== undefined && line.function !== name) return false;
  if (worker !== undefined && !String(line.fields.worker ?? '').startsWith(worker)) return false;
  if (level !== undefined && severity(line.level) < severity(level)) return false;
  return text === undefined || contains(line, text.toLowerCase());
}

function severity(level = 'INFO'): number {
  // Lambda's own levels ("Log-level filtering"), which Drumline's logger does not write.
  const known = { TRACE: 'DEBUG', FATAL: 'CRITICAL' }[level] ?? level;
  const at = LOG_LEVELS.indexOf(known as LogLevel);
  return at < 0 ? LOG_LEVELS.indexOf('INFO') : at;
}

/** Whether the line has the text as it was logged, or as it is shown. */
function contains(line: LogLine, text: string): boolean {
  return (
    line.text.toLowerCase().includes(text) || renderLogLine(line, UNCOLOURED).toLowerCase().includes(text)
  );
}

function lineOf(id: number, { function: name, time, level, message, fields }: LogLine): Line {
  const { worker, ...rest } = fields;
  const isNamed = typeof worker === 'string';
  return {
    ...{ id, time, function: name },
    ...(level !== undefined && { level }),
    message,
    ...(isNamed && { worker }),
    fields: isNamed ? rest : fields,
  };
}
