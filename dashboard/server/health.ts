import { pendingOf } from '../../cli/runs/statistics.ts';
import { counted } from '../../cli/terminal/format.ts';
import type { Status } from '../../functions/status.ts';
import type { Health, Problem, Warning } from '../protocol.ts';

/** What the health follows from. */
export interface HealthFacts {
  status: Status | undefined;
  /** Measured; null if it is not known. */
  jobsPerSecond: number | null;
  warnings: readonly Warning[];
  problem: Problem | undefined;
  /** Milliseconds since 1970. */
  now: number;
}

/** Jobs wait, and no worker has counted one for this time, in milliseconds. A batch takes seconds, a cold start one. */
const STUCK_MS = 60_000;

/** Conditions under which jobs are not done, or not enqueued. Under the others they are. */
const GRAVE = new Set(['no-firing', 'overdue', 'backlog-retention']);

/** Says in one sentence whether all is well and, if not, what to do. It has no figure that changes with every poll. */
export function healthOf(facts: HealthFacts): Health {
  const { status, warnings, problem, now } = facts;
  if (problem) return { state: 'broken', sentence: problem.message, ...actionOf(problem.nextStep) };
  if (!status) return { state: 'unknown', sentence: 'Reading the status …' };
  if (status.runId === null)
    return {
      state: 'idle',
      sentence: 'There has been no run yet.',
      action: 'Start one: npx drumline start --x 1000 --y 5',
    };
  const [gravest] = [...warnings].sort((one, other) => rank(one) - rank(other));
  if (gravest) {
    const more = warnings.length > 1 ? ` (and ${warnings.length - 1} more)` : '';
    return {
      state: GRAVE.has(gravest.condition) ? 'broken' : 'attention',
      sentence: `${gravest.title}${more}.`,
      action: gravest.action,
    };
  }
  if (isStuck(facts))
    return {
      state: 'broken',
      sentence: `${counted(pendingOf(status), 'job')} wait, and no worker has counted one for ${roughly(now - lastCount(status))}.`,
      action: 'Find out what the workers do: npx drumline logs consumer --since 10m',
    };
  const { state, decision } = status.scaling;
  if (state === 'refused')
    return {
      state: 'attention',
      sentence: `The number of workers could not be changed: ${decision?.problem ?? ''}`,
      action: 'The autoscaler tries again every minute. Or choose another number: npx drumline scale N',
    };
  return well(facts, status);
}

function well({ jobsPerSecond }: HealthFacts, status: Status): Health {
  const pending = pendingOf(status);
  const rate = jobsPerSecond ?? 0;
  if (pending === 0)
    return status.running
      ? { state: 'healthy', sentence: 'All is well. Every enqueued job is done.' }
      : { state: 'idle', sentence: 'No run is active. Every enqueued job is done.' };
  const left = `${counted(pending, 'job')} ${pending === 1 ? 'is' : 'are'} left`;
  const until = rate > 0 ? `, done in about ${roughly((pending / rate) * 1_000)}` : '';
  return status.running
    ? { state: 'healthy', sentence: `All is well. ${left}${until}.` }
    : { state: 'healthy', sentence: `The run is stopped. ${left}${until}.` };
}

function isStuck({ status, now }: HealthFacts): boolean {
  if (!status || pendingOf(status) === 0) return false;
  const since = Math.max(lastCount(status), Date.parse(status.oldestPendingAt ?? '') || 0);
  return since > 0 && now - since > STUCK_MS && status.queue.visible + status.queue.inFlight > 0;
}

/** When a worker last counted a job, or the run's last tick if none has, in milliseconds since 1970. */
function lastCount({ workers, lastTickAt }: Status): number {
  return Math.max(
    lastTickAt === null ? 0 : Date.parse(lastTickAt),
    ...workers.map(({ lastSeenAt }) => Date.parse(lastSeenAt)),
  );
}

function rank({ condition }: Warning): number {
  return GRAVE.has(condition) ? 0 : 1;
}

/** `5 s`, `2 min`, `3 h`: rounded up, so that it does not change with every poll. */
function roughly(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 60) return `${Math.max(5, Math.ceil(seconds / 5) * 5)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}

function actionOf(action: string): Pick<Health, 'action'> {
  return action === '' ? {} : { action };
}
