import { limitsOf } from '../../functions/core/rounds.ts';
import type { SettingName } from '../../infra-cdk/settings.ts';
import { MOST_WORKERS } from '../concurrency.ts';
import { count, counted } from '../figures.ts';
import { elapsed } from '../times.ts';
import { POLLER_RAMP } from './aws-limits.ts';
import { workTimeMs } from './batch-time.ts';
import { rampOf, readyMs, workersNeeded } from './drain.ts';
import type { Plan } from './plan.ts';

/** Something that will not go well, and the setting that moves it. */
export interface Warning {
  setting: SettingName;
  says: string;
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
  const warning = (setting: SettingName, says: string) => [{ setting, says: `${late} ${says}` }];
  if (drain.bound === 'scheduler')
    return warning('jobsPerMessage', 'One scheduler sends no faster; put more jobs into a message.');
  if (drain.bound === 'ledger')
    return warning('jobsPerMessage', 'The counters take no more batches; put more jobs into a message.');
  if (needed !== null)
    return warning('concurrency', `Take ${counted(needed, 'worker')} (drumline scale ${needed}).`);
  const polled = { ...sizing, minimumPollers: MOST_WORKERS / POLLER_RAMP.batches };
  const withPollers = workersNeeded(x, polled, workMs, y * 60_000, MOST_WORKERS);
  if (withPollers !== undefined) {
    const pollers = Math.ceil(withPollers / POLLER_RAMP.batches);
    return warning(
      'minimumPollers',
      `A mapping grows too slowly; with ${counted(pollers, 'poller')}, ${counted(withPollers, 'worker')} are enough.`,
    );
  }
  return warning(
    'jobConcurrency',
    `${count(MOST_WORKERS)} workers are too few as well; have each do more jobs at a time.`,
  );
}

/** Whether a batch's jobs fit its time limit. */
function batchWarnings({ workload, sizing, packing }: Draft): Warning[] {
  const { workMs } = workload;
  const { consumerTimeoutSeconds, jobConcurrency } = sizing;
  const room = limitsOf(0, consumerTimeoutSeconds * 1_000).until;
  const work = workTimeMs({
    messages: packing.batchMessages,
    jobs: packing.batchJobs,
    workMs,
    jobConcurrency,
  });
  if (work <= room) return [];
  const least = Math.ceil(workMs > room ? (workMs + 2_500) / 1_000 : (work + 2_500) / 1_000);
  if (workMs > room)
    return [
      {
        setting: 'consumerTimeoutSeconds',
        says: `A job takes ${elapsed(workMs)}, and of a batch’s ${consumerTimeoutSeconds} s it has ${elapsed(room)}: it would never be done. Take at least ${least}.`,
      },
    ];
  return [
    {
      setting: 'consumerTimeoutSeconds',
      says:
        `The ${count(packing.batchJobs)} jobs of a batch take ${elapsed(work)}, and have ${elapsed(room)}: the rest comes back later. ` +
        `Take ${least > 900 ? 'fewer jobs a message' : `at least ${least}, or fewer jobs a message, or more at a time`}.`,
    },
  ];
}

function quotaWarnings({ quotas, sizing }: Draft): Warning[] {
  const ramp = rampOf(sizing);
  const slow = ramp.most > ramp.atOnce && sizing.minimumPollers === undefined;
  return [
    ...quotas
      .filter(({ ok }) => !ok)
      .map(({ name, limit, used, unit, movedBy: [setting = 'concurrency'] }) => ({
        setting,
        says: `${name}: ${count(used)} of ${count(limit)} ${unit}.`,
      })),
    ...(slow && readyMs(ramp, ramp.most - 1) > 60_000
      ? [
          {
            setting: 'minimumPollers' as const,
            says: `All ${count(ramp.most)} workers are there after ${elapsed(readyMs(ramp, ramp.most - 1))}, since a mapping grows by ${count(ramp.aMinute)} a minute; provisioned pollers grow faster.`,
          },
        ]
      : []),
  ];
}
