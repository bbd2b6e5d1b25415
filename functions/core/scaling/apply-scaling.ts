import { mappingMaximumOf } from '../model/scaling.ts';

/** What limits the number of concurrent workers: Lambda, as the autoscaler needs it. Each method throws `Refused`. */
export interface WorkerLimits {
  /** The consumer's reserved concurrency; null if none is reserved. */
  readReserved(): Promise<number | null>;
  reserve(workers: number): Promise<unknown>;
  /** The mapping from the jobs queue to the consumer; undefined if it has provisioned pollers, and so no maximum. */
  readMapping?: (() => Promise<MappingState>) | undefined;
  limitMapping(maximum: number): Promise<unknown>;
}

export interface MappingState {
  /** The maximum concurrency; null if it is not set. */
  maximum: number | null;
  /** Whether AWS still applies an earlier change. It refuses another one until then. */
  isChanging: boolean;
}

/** Lambda has refused a change, or could not be asked. The message says why, as a sentence. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** The time between two looks at a change, in milliseconds: all control-plane calls of an account share 15 per second ("Lambda quotas"). */
const LOOK_EVERY_MS = 2_000;

/** How to wait for a change. */
export interface Waiting {
  /** The current time in milliseconds since 1970. */
  clock: () => number;
  sleep: (ms: number) => Promise<void>;
  /** When to give up, in milliseconds since 1970. */
  deadline: number;
}

/**
 * Sets the maximum number of concurrent workers, and waits until AWS has applied it. The mapping must never ask for more
 * workers than the function may have: Lambda would throttle its calls, and each throttled message counts as received.
 *
 *     up:    reserved concurrency ─► mapping's maximum
 *     down:  mapping's maximum ─► wait until it applies ─► reserved concurrency
 *
 * What is as wanted already is not changed, so that a change that was interrupted can be completed.
 * @param reserved the reserved concurrency now; null if there is none
 * @throws Refused; some of the steps may have been taken
 */
export async function applyScaling(
  limits: WorkerLimits,
  reserved: number | null,
  workers: number,
  waiting: Waiting,
): Promise<void> {
  const reserve = async () => {
    if (reserved === workers) return;
    await limits.reserve(workers);
    if (!(await isReached(async () => (await limits.readReserved()) === workers, waiting)))
      throw new Refused(
        `Lambda does not reserve ${workers} executions, although it has accepted the change.`,
      );
  };
  const isGrowing = reserved !== null && workers >= reserved;
  for (const step of isGrowing ? [reserve, limitMapping] : [limitMapping, reserve]) await step();

  async function limitMapping(): Promise<void> {
    const { readMapping } = limits;
    if (!readMapping) return;
    const maximum = mappingMaximumOf(workers);
    let mapping: MappingState | undefined;
    const isSettled = async () => {
      mapping = await readMapping();
      return !mapping.isChanging;
    };
    if (!(await isReached(isSettled, waiting))) throw new Refused(STILL_CHANGING);
    if (mapping?.maximum === maximum) return;
    await limits.limitMapping(maximum);
    if (!(await isReached(isSettled, waiting))) throw new Refused(STILL_CHANGING);
  }
}

const STILL_CHANGING = 'AWS is still changing the event source mapping.';

async function isReached(
  look: () => Promise<boolean>,
  { clock, sleep, deadline }: Waiting,
): Promise<boolean> {
  while (!(await look())) {
    if (clock() + LOOK_EVERY_MS > deadline) return false;
    await sleep(LOOK_EVERY_MS);
  }
  return true;
}
