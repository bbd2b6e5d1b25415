import { CallFailed, maximumFor, type WorkerLimits } from './control-plane.ts';

/** Puts a number of workers in force. @param reserved the reserved concurrency when that was decided */
export type Apply = (
  limits: WorkerLimits,
  reserved: number,
  workers: number,
  waiting: Waiting,
) => Promise<void>;

/** How to wait for a change. Times are milliseconds. */
export interface Waiting {
  clock: () => number;
  sleep: (ms: number) => Promise<void>;
  deadline: number;
}

/** Time between two looks at a change, in milliseconds. */
const LOOK_EVERY_MS = 2_000;

/**
 * The reserved concurrency grows before the mapping's maximum and shrinks after it, so that the mapping never invokes more
 * than the function may run.
 */
export const applyInOrder: Apply = async (limits, reserved, workers, waiting) => {
  const reserve = async () => {
    if (reserved !== workers) await limits.reserve(workers);
  };
  const limitMapping = async () => {
    await untilSettled(limits, waiting);
    if ((await limits.readMapping()).maximum === maximumFor(workers)) return;
    await limits.limitMapping(maximumFor(workers));
    await untilSettled(limits, waiting);
  };
  for (const step of workers >= reserved ? [reserve, limitMapping] : [limitMapping, reserve]) await step();
};

/** @throws CallFailed if the deadline comes first */
export async function untilSettled(limits: WorkerLimits, { clock, sleep, deadline }: Waiting): Promise<void> {
  while ((await limits.readMapping()).isChanging) {
    if (clock() + LOOK_EVERY_MS > deadline) throw new CallFailed('AWS is still changing the mapping');
    await sleep(LOOK_EVERY_MS);
  }
}
