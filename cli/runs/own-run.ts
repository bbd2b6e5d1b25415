import type { Call } from '../cloud/call.ts';
import type { Deployment } from '../cloud/deployment.ts';
import { control, readStatus } from '../cloud/invoke.ts';
import { counted } from '../terminal/figures.ts';
import { pause } from '../terminal/interrupt.ts';

/** Never aborted: for what has to be done although, or because, the command ends. */
export const UNABORTED = new AbortController().signal;

/** Old jobs are given this long; those that keep failing come back for minutes. */
const CLEAR_WITHIN_MS = 120_000;
const EVERY_MS = 500;

/** A start that is known of, even if Ctrl-C comes while it is under way: whoever starts a run has to stop it. */
export async function startOwnRun(deployment: Deployment, x: number, y: number): Promise<string> {
  const { runId } = await control(deployment, UNABORTED, { action: 'start', x, y });
  return runId;
}

/** Stops a run, unless that has been done already. @returns whether it was active */
export async function stopOwnRun(deployment: Deployment, runId: string): Promise<boolean> {
  const { running } = await readStatus(deployment, UNABORTED, runId);
  if (running) await control(deployment, UNABORTED, { action: 'stop' });
  return running;
}

/** Has nothing of earlier runs in the way: stops the active run, and lets what is in the queue be worked off. */
export async function clearTheWay(call: Call, deployment: Deployment): Promise<void> {
  const { signal, step, output } = call;
  const { running, runId, queue } = await readStatus(deployment, signal);
  if (running) {
    await control(deployment, signal, { action: 'stop' });
    output.say(`The run ${runId}, which was active, is stopped.`);
  }
  const left = queue.visible + queue.inFlight;
  if (left === 0) return;
  await step(`Working off ${counted(left, 'message')} of earlier runs`, async () => {
    const end = Date.now() + CLEAR_WITHIN_MS;
    for (let waiting = left; waiting > 0 && Date.now() < end; ) {
      await pause(EVERY_MS, signal);
      const { queue } = await readStatus(deployment, signal);
      waiting = queue.visible + queue.inFlight;
    }
  });
}
