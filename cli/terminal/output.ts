import { logUpdateStderr } from 'log-update';
import colors from 'picocolors';

export type Colors = ReturnType<typeof colors.createColors>;

/** For text that goes nowhere near a terminal. */
export const UNCOLOURED = colors.createColors(false);

const REDRAW_MS = 100;

/**
 * The one place that writes: results to stdout, everything that is said on the way to stderr. With `json` stdout gets
 * one JSON document and nothing else. Below what is said, lines can be live: they are redrawn until they end.
 */
export class Output {
  /** For stdout and stderr, each by what it is connected to. */
  readonly colors = colorsFor(process.stdout);
  readonly messageColors = colorsFor(process.stderr);
  /** Whether live lines are shown; where they are not, whoever has progress to tell says a line now and then. */
  readonly isLive = isTerminal(process.stderr);
  readonly #live = new Set<() => string>();
  #timer: NodeJS.Timeout | undefined;
  #answered = false;

  constructor(readonly json: boolean) {
    for (const stream of [process.stdout, process.stderr]) stream.on('error', leaveWhenNobodyReads);
  }

  /** Whether the JSON document has been written. */
  get answered(): boolean {
    return this.#answered;
  }

  /** The command's answer: the document with `--json`, else the text. */
  result(document: unknown, text: () => string): void {
    if (!this.json) {
      this.print(text());
      return;
    }
    if (this.#answered) throw new Error('a second JSON document');
    this.#answered = true;
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }

  /** A line of the answer, for answers that come line by line; not with `--json`. */
  print(text: string): void {
    this.#above(() => process.stdout.write(text.endsWith('\n') ? text : `${text}\n`));
  }

  /** Says something on the way. */
  say(text: string): void {
    this.#above(() => process.stderr.write(`${text}\n`));
  }

  /** Shows lines that change, until the returned function is called. */
  show(render: () => string): () => void {
    if (!this.isLive) return () => {};
    this.#live.add(render);
    this.#timer ??= setInterval(() => this.#draw(), REDRAW_MS);
    this.#draw();
    return () => {
      if (!this.#live.delete(render)) return;
      if (this.#live.size > 0) return this.#draw();
      clearInterval(this.#timer);
      this.#timer = undefined;
      logUpdateStderr.clear();
      logUpdateStderr.done();
    };
  }

  #draw(): void {
    logUpdateStderr([...this.#live].map((render) => render()).join('\n'));
  }

  #above(write: () => void): void {
    if (this.#live.size === 0) {
      write();
      return;
    }
    logUpdateStderr.clear();
    write();
    this.#draw();
  }
}

/** Whether a stream is a terminal that can be drawn on. */
export function isTerminal(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && process.env.TERM !== 'dumb';
}

// Not picocolors' own detection: that takes CI for a terminal, and asks about stdout for stderr as well.
function colorsFor(stream: NodeJS.WriteStream): Colors {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  return colors.createColors(!NO_COLOR && (isTerminal(stream) || Boolean(FORCE_COLOR)));
}

/** `drumline … | head` has read what it wanted. */
function leaveWhenNobodyReads(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}
