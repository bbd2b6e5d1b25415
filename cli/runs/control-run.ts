import { setTimeout } from 'node:timers/promises';
import type { Call } from '../cloud/call.ts';
import type { Deployment } from '../cloud/deployment.ts';
import { control, readStatus } from '../cloud/invoke.ts';
import { counted } from '../terminal/format.ts';

/** For work that must be done even after Ctrl-C: a command stops the run that it has started. */
export const NEVER_ABORTED = new AbortController().signal;

/** Jobs that keep failing come back for minutes. The command does not wait that long for them. */
const MAX_WAIT_MS = 120_000;
const INTERVAL_MS = 500;

/** Starts a run. Ctrl-C does not abort this, because the caller needs the ID to stop the run. @returns the run's ID */
export async function startRun(deployment: Deployment, x: number, y: number): Promise<string> {
  const { runId } = await control(deployment, NEVER_ABORTED, { action: 'start', x, y });
  return runId;
}

/** Stops a run if it is active, even after Ctrl-C. */
export async function stopRun(deployment: Deployment, runId: string): Promise<void> {
  const { running } = await readStatus(deployment, NEVER_ABORTED, runId);
  if (running) await control(deployment, NEVER_ABORTED, { action: 'stop' });
}

/** Stops the active run, and waits for the jobs in the queue. */
export async function clearEarlierRuns(call: Call, deployment: Deployment): Promise<void> {
  const { signal, step, output } = call;
  const { running, runId, queue } = await readStatus(deployment, signal);
  if (running) {
    await control(deployment, signal, { action: 'stop' });
    output.say(`The active run ${runId} is stopped.`);
  }
  const left = queue.visible + queue.inFlight;
  if (left === 0) return;
  await step(`Processing ${counted(left, 'message')} of earlier runs`, async () => {
    const deadline = Date.now() + MAX_WAIT_MS;
    for (let waiting = left; waiting > 0 && Date.now() < deadline; ) {
      await setTimeout(INTERVAL_MS, undefined, { signal });
      const { queue } = await readStatus(deployment, signal);
      waiting = queue.visible + queue.inFlight;
    }
  });
}
