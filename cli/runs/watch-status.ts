import { emitKeypressEvents, type Key } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import cliTruncate from 'cli-truncate';
import logUpdate from 'log-update';
import type { Call } from '../cloud/call.ts';
import { isUnreachable } from '../cloud/client-errors.ts';
import type { Deployment } from '../cloud/deployment.ts';
import { readStatus, type Status } from '../cloud/invoke.ts';
import { cloudName } from '../cloud/target.ts';
import { RateMeter } from './statistics.ts';
import { statusScreen } from './status-screen.ts';

const INTERVAL_MS = 1_000;

export interface WatchOptions {
  /** The active or last run unless given. */
  runId?: string | undefined;
  /** The last lines of the screen. It may change. */
  footer: () => string[];
  /** What other keys than q do. */
  keys?: Record<string, () => void>;
  onStatus?: (status: Status) => void;
}

/**
 * Shows the status and updates it every second, until `q`, Ctrl-C, or an abort of the signal.
 * @returns the last status
 */
export async function watchStatus(
  { output, signal, target }: Call,
  deployment: Deployment,
  { runId, footer, keys = {}, onStatus }: WatchOptions,
): Promise<Status | undefined> {
  const quit = new AbortController();
  const either = AbortSignal.any([signal, quit.signal]);
  const stopListening = onKeys({ ...keys, q: () => quit.abort() });
  const meter = new RateMeter();
  let status: Status | undefined;
  let rate: number | null = null;
  let problem = '';
  const draw = () => {
    const { columns = 80, rows = 24 } = process.stdout;
    const warning = problem === '' ? [] : [output.colors.yellow(problem)];
    const screen =
      status &&
      statusScreen(status, { colors: output.colors, width: columns, rate, options: target.options });
    const lines = (screen ?? 'Reading the status …').split('\n');
    // The last row of the terminal is for the cursor.
    logUpdate(fitToTerminal(lines, ['', ...warning, ...footer().map(output.colors.dim)], columns, rows - 1));
  };
  // The screen shows times such as "12 s ago", which change between two readings.
  const redraw = setInterval(draw, INTERVAL_MS / 2);
  try {
    draw();
    while (!either.aborted) {
      try {
        status = await readStatus(deployment, either, runId);
        rate = meter.sample(status.processed + status.failed);
        problem = '';
        onStatus?.(status);
      } catch (error) {
        if (either.aborted) break;
        // The cloud may be restarting.
        if (!isUnreachable(error)) throw error;
        problem = `${cloudName(target)} does not answer.${target.isManaged ? ` Start it: ${target.command('up')}.` : ''} Retrying …`;
      }
      draw();
      await setTimeout(INTERVAL_MS, undefined, { signal: either }).catch(() => {});
    }
    return status;
  } finally {
    clearInterval(redraw);
    stopListening();
    if (status) draw();
    logUpdate.done();
  }
}

/** Calls what belongs to a key. In raw mode Ctrl-C is a key, not a signal; it does what q does. */
function onKeys(keys: Record<string, () => void>): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  emitKeypressEvents(stdin);
  const listen = (_text: string | undefined, key: Key) => {
    const name = key.ctrl && key.name === 'c' ? 'q' : key.name;
    if (name !== undefined) keys[name]?.();
  };
  stdin.setRawMode(true);
  stdin.resume();
  stdin.on('keypress', listen);
  return () => {
    stdin.off('keypress', listen);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

/** Cuts a screen to the terminal's width and height, in characters. The footer always stays. */
export function fitToTerminal(
  lines: readonly string[],
  footer: readonly string[],
  width: number,
  height: number,
): string {
  const room = Math.max(1, height - footer.length);
  return [...lines.slice(0, room), ...footer].map((line) => cliTruncate(line, width)).join('\n');
}
