import { once } from 'node:events';
import { logUpdateStderr } from 'log-update';
import colors from 'picocolors';

export type Colors = ReturnType<typeof colors.createColors>;

/** For text that is not shown on a terminal. */
export const UNCOLOURED = colors.createColors(false);

const REDRAW_MS = 100;

/**
 * Everything that a command prints. Results go to stdout, messages to stderr. With `json`, stdout gets exactly one JSON
 * document, or one per line from a command that goes on until it is interrupted. Live lines stay below the messages and are redrawn until they end.
 */
export class Output {
  /** Colours for stdout. */
  readonly colors = colorsFor(process.stdout);
  /** Colours for stderr. */
  readonly messageColors = colorsFor(process.stderr);
  /** Whether live lines are shown. Where they are not, commands print their progress now and then. */
  readonly isLive = isTerminal(process.stderr);
  readonly #live = new Set<() => string>();
  #timer: NodeJS.Timeout | undefined;
  #answered = false;

  constructor(readonly json: boolean) {
    for (const stream of [process.stdout, process.stderr]) stream.on('error', exitOnBrokenPipe);
  }

  /** Whether the JSON document has been written. */
  get answered(): boolean {
    return this.#answered;
  }

  /** Prints the command's result: the document with `--json`, otherwise the text. */
  result(document: unknown, text: () => string): void {
    if (!this.json) {
      this.print(text());
      return;
    }
    if (this.#answered) throw new Error('a command prints one JSON document');
    this.#answered = true;
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }

  /** Prints the JSON document of a result that is a list, element by element: it may be too long for memory. */
  async list(elements: AsyncIterable<unknown>): Promise<void> {
    let separator = '[\n';
    for await (const element of elements) {
      this.#answered = true;
      await written(process.stdout, `${separator}${JSON.stringify(element)}`);
      separator = ',\n';
    }
    this.#answered = true;
    await written(process.stdout, separator === '[\n' ? '[]\n' : '\n]\n');
  }

  /** Prints documents of a result that never ends: with `--json` one JSON document per line, otherwise the text. */
  stream(documents: readonly unknown[], text: () => string): void {
    if (documents.length === 0) return;
    this.#answered = true;
    this.print(this.json ? documents.map((each) => JSON.stringify(each)).join('\n') : text());
  }

  /** Prints a part of the result, for results that come line by line. Not with `--json`. */
  print(text: string): void {
    this.#printAbove(() => process.stdout.write(text.endsWith('\n') ? text : `${text}\n`));
  }

  /** Prints a message. */
  say(text: string): void {
    this.#printAbove(() => process.stderr.write(`${text}\n`));
  }

  /** Shows live lines until the returned function is called. */
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

  #printAbove(write: () => void): void {
    if (this.#live.size === 0) {
      write();
      return;
    }
    logUpdateStderr.clear();
    write();
    this.#draw();
  }
}

/** Writes, and waits if the reader is slower. */
async function written(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain');
}

/** Whether a stream is a terminal that understands control sequences. */
export function isTerminal(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && process.env.TERM !== 'dumb';
}

// Picocolors' own detection treats CI as a terminal, and looks at stdout even for stderr.
function colorsFor(stream: NodeJS.WriteStream): Colors {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  return colors.createColors(!NO_COLOR && (isTerminal(stream) || Boolean(FORCE_COLOR)));
}

/** The reader of a pipe, such as `drumline logs | head`, has stopped reading. */
function exitOnBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}
