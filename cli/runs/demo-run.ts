import type { Call } from '../cloud/call.ts';
import type { Deployment } from '../cloud/deployment.ts';
import type { Status } from '../cloud/invoke.ts';
import { isInterruption } from '../terminal/errors.ts';
import { dueIn } from '../terminal/format.ts';
import { isTerminal } from '../terminal/output.ts';
import { NEVER_ABORTED } from './control-run.ts';
import { followRun } from './follow-run.ts';
import type { BusyTime } from './statistics.ts';
import { pendingOf, percentShares } from './statistics.ts';
import { watchStatus } from './watch-status.ts';

/** A tick counts as enqueued when its counter has not changed for this time, even with fewer jobs than expected. */
const SETTLED_MS = 15_000;

/** The run is stopped at least this long before the next tick, so that the tick does not fire. */
const BEFORE_TICK_MS = 5_000;

/** Follows a run until the jobs of its first `ticks` ticks are done, or the next tick is about to fire. */
export async function followTicks(
  call: Call,
  deployment: Deployment,
  runId: string,
  { x, ticks }: { x: number; ticks: number },
  busy: BusyTime,
): Promise<Call> {
  let settled = { enqueued: -1, at: 0 };
  await followRun(
    call,
    deployment,
    runId,
    (status) => {
      busy.sample(status);
      const { running, enqueued, firedTicks, nextTickAt } = status;
      if (enqueued !== settled.enqueued) settled = { enqueued, at: Date.now() };
      const isEnqueued = enqueued >= x * ticks || Date.now() - settled.at > SETTLED_MS;
      if (firedTicks < ticks || !isEnqueued) return !running;
      return pendingOf(status) === 0 || Date.parse(nextTickAt ?? '') - Date.now() < BEFORE_TICK_MS;
    },
    noteOn,
  );
  return call;
}

/**
 * Follows a run until Ctrl-C, which stops the run but not the command.
 * @param openDashboard called for the key d; its result is a line for the screen
 * @returns a call that is not aborted
 */
export async function followUntilInterrupted(
  call: Call,
  deployment: Deployment,
  runId: string,
  busy: BusyTime,
  openDashboard: () => Promise<string>,
): Promise<Call> {
  const { output } = call;
  if (isTerminal(process.stdout) && !output.json) {
    const onStatus = (status: Status) => busy.sample(status);
    let dashboard = '';
    const open = async () => {
      dashboard = 'Opening the dashboard …';
      dashboard = await openDashboard().catch(
        (error) => `The dashboard could not be opened: ${error.message}`,
      );
    };
    const footer = () => [
      ...(dashboard ? [dashboard] : []),
      'Press d to open the dashboard, q or Ctrl-C to stop the run.',
    ];
    await watchStatus(call, deployment, { runId, footer, keys: { d: () => void open() }, onStatus });
  } else {
    output.say('Ctrl-C stops the run.');
    const isOver = (status: Status) => {
      busy.sample(status);
      return !status.running;
    };
    await followRun(call, deployment, runId, isOver, noteOn).catch(ignoreInterrupt);
  }
  output.say('Stopping the run. Processing the enqueued jobs.');
  return { ...call, signal: call.signal.aborted ? NEVER_ABORTED : call.signal };
}

function noteOn(status: Status): string {
  const { running, enqueued, processed, failed, nextTickAt } = status;
  const isWaiting = running && enqueued > 0 && enqueued === processed + failed && nextTickAt !== null;
  return isWaiting ? `next tick ${dueIn(nextTickAt)}` : percentShares(status);
}

function ignoreInterrupt(error: unknown): void {
  if (!isInterruption(error)) throw error;
}
