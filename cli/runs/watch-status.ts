import { emitKeypressEvents, type Key } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import cliTruncate from 'cli-truncate';
import logUpdate from 'log-update';
import type { Call } from '../cloud/call.ts';
import { isUnreachable } from '../cloud/client-errors.ts';
import type { Deployment } from '../cloud/deployment.ts';
import { readStatus, type Status } from '../cloud/invoke.ts';
import { RateMeter } from './statistics.ts';
import { statusScreen } from './status-screen.ts';

const EVERY_MS = 1_000;

export interface Watch {
  /** The active or last run unless given. */
  runId?: string | undefined;
  /** A line below the screen. */
  foot: string;
  /** Told each reading. */
  onStatus?: (status: Status) => void;
}

/**
 * Shows the status live, until `q`, Ctrl-C, or an abort.
 * @returns the last status seen
 */
export async function watchStatus(
  { output, signal, target }: Call,
  deployment: Deployment,
  { runId, foot, onStatus }: Watch,
): Promise<Status | undefined> {
  const leaving = new AbortController();
  const either = AbortSignal.any([signal, leaving.signal]);
  const stopListening = onLeaveKey(() => leaving.abort());
  const meter = new RateMeter();
  let seen: Status | undefined;
  let problem = '';
  const draw = () => {
    const { columns = 80, rows = 24 } = process.stdout;
    const last = ['', problem && output.colors.yellow(problem), output.colors.dim(foot)];
    const screen = seen && statusScreen(seen, { colors: output.colors, width: columns, rate: measured });
    const lines = (screen ?? 'Reading the status …').split('\n');
    // The cursor has a line of its own below.
    const end = last.filter((line, at) => at === 0 || line !== '');
    logUpdate(fitToTerminal(lines, end, columns, rows - 1));
  };
  let measured: number | null = null;
  // Times pass between two readings, too.
  const redraw = setInterval(draw, EVERY_MS / 2);
  try {
    draw();
    while (!either.aborted) {
      try {
        seen = await readStatus(deployment, either, runId);
        measured = meter.sample(seen.processed + seen.failed);
        problem = '';
        onStatus?.(seen);
      } catch (error) {
        if (either.aborted) break;
        // A cloud that is being restarted comes back; whoever watches wants to see that.
        if (!isUnreachable(error)) throw error;
        problem = `Nothing answers; ${target.command('up')} starts it. Trying again …`;
      }
      draw();
      await setTimeout(EVERY_MS, undefined, { signal: either }).catch(() => {});
    }
    return seen;
  } finally {
    clearInterval(redraw);
    stopListening();
    if (seen) draw();
    logUpdate.done();
  }
}

/** In raw mode Ctrl-C is a key as well, not a signal. */
function onLeaveKey(leave: () => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  emitKeypressEvents(stdin);
  const listen = (_text: string | undefined, key: Key) => {
    if (key.name === 'q' || (key.ctrl && key.name === 'c')) leave();
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
