import { TimeBudget } from '../functions/core/consume/time-budget.ts';
import type { SettingName } from '../infra-cdk/settings/settings.ts';
import { count, counted, elapsed } from '../text/format.ts';
import { MAX_FUNCTION_TIMEOUT_SECONDS, MAX_WORKERS, POLLER_RAMP } from './aws-limits.ts';
import { rampOf, workerReadyMs, workersNeeded } from './drain.ts';
import { workMsOfBatch } from './overheads.ts';
import type { Plan } from './plan.ts';

/** Something that will not go well, and the setting that moves it. */
export interface Warning {
  setting: SettingName;
  message: string;
}

type Draft = Omit<Plan, 'warnings'>;

/** What of a plan will not go well. */
export function warningsOf(plan: Draft): Warning[] {
  return [...tempoWarnings(plan), ...batchWarnings(plan), ...quotaWarnings(plan)];
}

/** Whether ticks are done before the next one comes. */
function tempoWarnings({ workload, sizing, drain, workersNeeded: needed }: Draft): Warning[] {
  const { x, y, workMs } = workload;
  if (drain.ms <= y * 60_000) return [];
  const late = `A tick takes ${elapsed(drain.ms)}, and the next one comes after ${counted(y, 'minute')}: jobs pile up.`;
  const warning = (setting: SettingName, advice: string) => [{ setting, message: `${late} ${advice}` }];
  if (drain.bound === 'scheduler')
    return warning('jobsPerMessage', 'One scheduler sends no faster; put more jobs into a message.');
  if (drain.bound === 'ledger')
    return warning('jobsPerMessage', 'The counters take no more batches; put more jobs into a message.');
  if (needed !== null)
    return warning('concurrency', `Take ${counted(needed, 'worker')} (drumline scale ${needed}).`);
  const polled = { ...sizing, minimumPollers: MAX_WORKERS / POLLER_RAMP.batches };
  const withPollers = workersNeeded(x, polled, workMs, y * 60_000, MAX_WORKERS);
  if (withPollers !== undefined) {
    const pollers = Math.ceil(withPollers / POLLER_RAMP.batches);
    return warning(
      'minimumPollers',
      `A mapping grows too slowly; with ${counted(pollers, 'poller')}, ${counted(withPollers, 'worker')} are enough.`,
    );
  }
  return warning(
    'jobConcurrency',
    `${count(MAX_WORKERS)} workers are too few as well; have each do more jobs at a time.`,
  );
}

/** Whether a batch’s jobs, and each of them alone, fit the time limit. */
function batchWarnings({ workload, sizing, packing }: Draft): Warning[] {
  const { workMs } = workload;
  const { consumerTimeoutSeconds: limit, jobConcurrency } = sizing;
  const { batchMessages: messages, batchJobs: jobs } = packing;
  const workTime = workMsOfBatch({ messages, jobs, workMs, jobConcurrency });
  if (fits(workTime, limit)) return [];
  const room = `a time limit of ${limit} s leaves ${elapsed(roomMs(limit))} for work`;
  const message = fits(workMs, limit)
    ? `A batch’s ${count(jobs)} jobs take ${elapsed(workTime)}, and ${room}: the rest comes back later. Take ${timeoutFor(workTime)}fewer jobs a message, or more at a time.`
    : `A job takes ${elapsed(workMs)}, and ${room}: none would be done. Take ${timeoutFor(workMs)}jobs of less work.`;
  return [{ setting: 'consumerTimeoutSeconds', message }];
}

/** What a worker has for the work itself, in milliseconds. */
const roomMs = (timeoutSeconds: number) => new TimeBudget(0, timeoutSeconds * 1_000).workUntil;
const fits = (ms: number, timeoutSeconds: number) => ms <= roomMs(timeoutSeconds);

/** `at least 13, or `; nothing where no time limit is enough. */
function timeoutFor(ms: number): string {
  for (let seconds = 1; seconds <= MAX_FUNCTION_TIMEOUT_SECONDS; seconds++)
    if (fits(ms, seconds)) return `at least ${seconds}, or `;
  return '';
}

function quotaWarnings({ quotas, sizing }: Draft): Warning[] {
  const ramp = rampOf(sizing);
  const slow = ramp.max > ramp.atOnce && sizing.minimumPollers === undefined;
  return [
    ...quotas
      .filter(({ ok }) => !ok)
      .map(({ name, limit, used, unit, beyond, movedBy: [setting = 'concurrency'] }) => ({
        setting,
        message: `${name}: ${count(used)} of ${count(limit)} ${unit}; ${beyond}.`,
      })),
    ...(slow && workerReadyMs(ramp, ramp.max - 1) > 60_000
      ? [
          {
            setting: 'minimumPollers' as const,
            message: `All ${count(ramp.max)} workers are there after ${elapsed(workerReadyMs(ramp, ramp.max - 1))}, since a mapping grows by ${count(ramp.aMinute)} a minute; provisioned pollers grow faster.`,
          },
        ]
      : []),
  ];
}
