import { TimeBudget } from '../../functions/core/consume/time-budget.ts';
import { MAX_WORKERS } from '../../functions/core/model/scaling.ts';
import type { SettingName } from '../../infra-cdk/settings/settings.ts';
import { MAX_FUNCTION_TIMEOUT_SECONDS, POLLER_RAMP } from '../../plan/aws-limits.ts';
import { rampOf, workerReadyMs, workersNeeded } from '../../plan/drain.ts';
import { workMsOfBatch } from '../../plan/overheads.ts';
import type { Plan } from '../../plan/plan.ts';
import { count, counted, elapsed } from '../terminal/format.ts';

/** A problem of a plan, and the setting to change. */
export interface Warning {
  setting: SettingName;
  message: string;
}

/** The problems of a plan: late ticks, batches that exceed the time limit, exceeded quotas, a slow start. */
export function warningsOf(plan: Plan): Warning[] {
  return [
    ...lateTickWarnings(plan),
    ...timeLimitWarnings(plan),
    ...quotaWarnings(plan),
    ...rampWarnings(plan),
  ];
}

/** Warns if a tick is not done before the next one is due. */
function lateTickWarnings({ workload, sizing, drain, workersNeeded: needed }: Plan): Warning[] {
  const { x, y, workMs } = workload;
  if (drain.ms <= y * 60_000) return [];
  const late = `A tick takes ${elapsed(drain.ms)}, but the next one is due after ${counted(y, 'minute')}. Jobs pile up.`;
  const warning = (setting: SettingName, advice: string) => [{ setting, message: `${late} ${advice}` }];
  const morePerMessage =
    sizing.jobsPerMessage === 'auto'
      ? 'Set a larger number of jobs per message than auto does.'
      : 'Put more jobs into a message.';
  if (drain.bound === 'scheduler')
    return warning('jobsPerMessage', `The scheduler cannot send faster. ${morePerMessage}`);
  if (drain.bound === 'ledger')
    return warning('jobsPerMessage', `The ledger cannot count more batches. ${morePerMessage}`);
  if (needed !== null)
    return warning('concurrency', `Use ${counted(needed, 'worker')} (drumline scale ${needed}).`);
  const { batchesPerPoller } = POLLER_RAMP;
  const polled = { ...sizing, minimumPollers: MAX_WORKERS / batchesPerPoller };
  const neededWithPollers = workersNeeded(x, polled, workMs, y * 60_000, MAX_WORKERS);
  if (neededWithPollers === undefined)
    return warning(
      'jobConcurrency',
      `Even ${count(MAX_WORKERS)} workers are too few. Let each worker run more jobs at a time.`,
    );
  const pollers = counted(Math.ceil(neededWithPollers / batchesPerPoller), 'provisioned poller');
  return warning(
    'minimumPollers',
    `The event source mapping adds workers too slowly. With ${pollers}, ${counted(neededWithPollers, 'worker')} are enough.`,
  );
}

/** Warns if the work of a full batch, or of a single job, exceeds the consumer's time limit. */
function timeLimitWarnings({ workload, sizing, packing }: Plan): Warning[] {
  const { workMs } = workload;
  const { consumerTimeoutSeconds, jobConcurrency } = sizing;
  const { batchMessages: messages, batchJobs: jobs } = packing;
  const batchWorkMs = workMsOfBatch({ messages, jobs, workMs, jobConcurrency });
  const availableMs = availableWorkMs(consumerTimeoutSeconds);
  if (batchWorkMs <= availableMs) return [];
  const available = `a time limit of ${consumerTimeoutSeconds} s leaves ${elapsed(availableMs)} for work`;
  const message =
    workMs <= availableMs
      ? `A batch of ${counted(jobs, 'job')} takes ${elapsed(batchWorkMs)}, but ${available}. The other jobs are delivered again. Use ${longerTimeLimit(batchWorkMs)}${jobs > messages ? 'fewer jobs per message' : 'fewer messages per batch'}, or more jobs at a time.`
      : `A job takes ${elapsed(workMs)}, but ${available}. No job would finish. Use ${longerTimeLimit(workMs)}shorter jobs.`;
  return [{ setting: 'consumerTimeoutSeconds', message }];
}

/** How long a worker may work on jobs before it has to write results, in milliseconds. */
function availableWorkMs(timeoutSeconds: number): number {
  return new TimeBudget(0, timeoutSeconds * 1_000).workMs;
}

/** The shortest time limit that is long enough, as `a time limit of at least 13 s, `; empty if AWS allows none. */
function longerTimeLimit(workMs: number): string {
  for (let seconds = 1; seconds <= MAX_FUNCTION_TIMEOUT_SECONDS; seconds++)
    if (workMs <= availableWorkMs(seconds)) return `a time limit of at least ${seconds} s, `;
  return '';
}

/** Warns of each AWS quota that the plan exceeds. */
function quotaWarnings({ quotas }: Plan): Warning[] {
  return quotas
    .filter(({ ok }) => !ok)
    .map(({ name, limit, used, unit, beyond, movedBy: [setting = 'concurrency'] }) => ({
      setting,
      message: `${name}: ${count(used)} of ${count(limit)} ${unit}; ${beyond}.`,
    }));
}

/** Warns if the event source mapping needs more than a minute to start all workers. */
function rampWarnings({ sizing }: Plan): Warning[] {
  const ramp = rampOf(sizing);
  const allReadyMs = workerReadyMs(ramp, ramp.max - 1);
  if (sizing.minimumPollers !== undefined || ramp.max <= ramp.initial || allReadyMs <= 60_000) return [];
  const message = `It takes ${elapsed(allReadyMs)} until all ${count(ramp.max)} workers run, because the event source mapping adds ${count(ramp.perMinute)} per minute. Provisioned pollers add workers faster.`;
  return [{ setting: 'minimumPollers', message }];
}
