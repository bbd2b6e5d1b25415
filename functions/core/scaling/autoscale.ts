import { isDeepStrictEqual } from 'node:util';
import { changeScaling, type DecisionRecord, readScaling, type Scaling } from '../ledger/scaling.ts';
import type { Table } from '../ledger/table.ts';
import { ConditionFailed } from '../model/errors.ts';
import { MAX_WORKERS, type ScalingRule } from '../model/scaling.ts';
import { applyScaling, Refused, type WorkerLimits } from './apply-scaling.ts';
import { decide } from './decide.ts';
import { readWork, type Work } from './figures.ts';
import { ruleInForce, type ScalingSettings } from './rule-in-force.ts';

/** An autoscaler and all that it uses. */
export interface Autoscaler {
  /** Identifies this invocation as the holder of the lease. */
  name: string;
  table: Table;
  limits: WorkerLimits;
  settings: ScalingSettings;
  /** The messages that wait for a worker; undefined if the queue does not answer. */
  readWaiting: () => Promise<number | undefined>;
  /** The current time in milliseconds since 1970. */
  clock: () => number;
  sleep: (ms: number) => Promise<void>;
  /** When the invocation ends, in milliseconds since 1970. */
  endsAt: number;
}

/** What an invocation of the autoscaler has found and done. */
export interface Autoscaled {
  /** The rule in force; absent if there is none. */
  rule?: ScalingRule;
  /** Absent without a rule, or if another invocation was changing something until this one's time ended. */
  decision?: DecisionRecord;
  /** Absent if another invocation was changing something until this one's time ended. */
  work?: Work;
}

/** Time that is kept at the end of an invocation to record the result, in milliseconds. */
const RESERVE_MS = 10_000;

/** How often an invocation looks whether another one has completed its change, in milliseconds. */
const LEASE_LOOK_MS = 1_000;

/**
 * Decides how many workers there should be, and sees to it:
 *
 *     wait for another's change ─► read figures ─► decide ─► record, with a lease if Lambda must be changed
 *       ─► change Lambda ─► record the result, end the lease
 *
 * Safe to run twice or at the same time: a decision is recorded only if nothing else was recorded since the figures were
 * read. If an autoscaler dies during a change, the next decision completes the change.
 * @throws ConditionFailed when others kept interfering
 * @throws Unavailable
 */
export async function autoscale(autoscaler: Autoscaler): Promise<Autoscaled> {
  const { table, settings, clock, sleep, name, endsAt, limits } = autoscaler;
  const deadline = endsAt - RESERVE_MS;
  const found: Autoscaled = {};
  /** Whether the number of workers changes, or an earlier change is completed. */
  let isChange = false;
  let isApplied = false;
  const recorded = await changeScaling(table, async (scaling) => {
    if (isHeld(scaling)) {
      if (!(await untilFree(scaling))) return undefined;
      // The state has changed meanwhile. It is read again.
      throw new ConditionFailed([0]);
    }
    const rule = ruleInForce(scaling, settings);
    const { decision, ...state } = await decideNow(autoscaler, scaling, rule);
    const { isNew, lease: interrupted, ...rest } = scaling;
    // A deployment may have changed one limit and not the other, and ends with a new rule.
    const incomplete = interrupted ?? (isNew ? { holder: name, until: 0 } : undefined);
    found.work = state.work;
    if (rule) found.rule = rule;
    if (decision) found.decision = decision;
    isChange = decision?.to !== undefined && (decision.to !== decision.from || interrupted !== undefined);
    isApplied = isChange || (decision?.to !== undefined && incomplete !== undefined);
    const { work, recommendations } = state;
    const next: Scaling = {
      ...rest,
      recommendations,
      ...(work.timing && { timing: work.timing }),
      ...(work.drained && { drained: work.drained }),
      ...(decision && { decision }),
      // Kept by a decision that could not be made, so that a later one completes the change.
      ...(incomplete && { lease: incomplete }),
      ...(isChange && { change: decision }),
      ...(isApplied && { lease: { holder: name, until: endsAt } }),
    };
    return isDeepStrictEqual(next, scaling) ? undefined : next;
  });
  const { decision } = found;
  if (!isApplied || decision?.to === undefined || recorded.lease?.holder !== name) return found;
  const problem = await problemOf(() =>
    applyScaling(limits, decision.from ?? null, decision.to as number, { clock, sleep, deadline }),
  );
  found.decision = { ...decision, ...(problem !== undefined && { problem }) };
  await changeScaling(table, ({ lease, ...scaling }) => {
    if (lease?.holder !== name) return undefined;
    const change = found.decision as DecisionRecord;
    // A lease that has ended but is still there tells the next decision that the change is not complete.
    return {
      ...scaling,
      decision: change,
      ...(isChange && { change }),
      ...(problem !== undefined && { lease: { ...lease, until: 0 } }),
    };
  });
  return found;

  /** Waits until no other invocation is changing Lambda. @returns false if the time ends before */
  async function untilFree(scaling: Scaling): Promise<boolean> {
    for (let state = scaling; isHeld(state); state = await readScaling(table)) {
      if (clock() + LEASE_LOOK_MS > deadline) return false;
      await sleep(LEASE_LOOK_MS);
    }
    return true;
  }

  function isHeld({ lease }: Scaling): boolean {
    return lease !== undefined && lease.until > clock();
  }
}

/** Reads the figures and decides. */
async function decideNow(
  { table, limits, readWaiting, clock }: Autoscaler,
  scaling: Scaling,
  rule: ScalingRule | undefined,
): Promise<{ work: Work; recommendations: Scaling['recommendations']; decision?: DecisionRecord }> {
  const now = clock();
  const [work, waiting] = await Promise.all([readWork(table, scaling, now), readWaiting()]);
  if (!rule) return { work, recommendations: [] };
  let reserved: number | null | undefined;
  const problem = await problemOf(async () => {
    reserved = await limits.readReserved();
  });
  const figures: DecisionRecord['figures'] = {
    // Without a reservation the mapping is the only limit, which AWS has at 1,000.
    ...(reserved !== undefined && { workers: reserved ?? MAX_WORKERS }),
    // Dead letters that are sent again are messages that no run counts as pending.
    backlog: Math.max(work.backlog, waiting ?? 0),
    ...(work.timing && { workerMs: work.timing.workerMs, jobMs: work.timing.jobMs }),
    ...(work.schedule && { schedule: work.schedule }),
  };
  const { workers, reason, recommendations } = decide(rule, {
    ...figures,
    now,
    recommendations: historyOf(scaling, rule, reserved, now),
  });
  const decision = {
    at: now,
    from: reserved,
    // Without knowing the number, a change could take its steps in the wrong order.
    ...(workers !== undefined && reserved !== undefined && { to: workers }),
    reason,
    figures,
    ...(problem !== undefined && { problem }),
  };
  return { work, recommendations, decision };
}

/** The earlier recommendations. A system without a reservation, as after its first deployment, starts at the minimum. */
function historyOf(
  { recommendations }: Scaling,
  { min }: ScalingRule,
  reserved: number | null | undefined,
  now: number,
): Scaling['recommendations'] {
  return recommendations.length === 0 && reserved === null ? [{ at: now, workers: min }] : recommendations;
}

/** Runs a step. @returns why Lambda has refused it; undefined if it succeeded */
async function problemOf(step: () => Promise<void>): Promise<string | undefined> {
  try {
    await step();
    return undefined;
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}
