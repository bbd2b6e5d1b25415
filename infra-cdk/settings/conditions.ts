import { DEAD_LETTER_RETENTION_DAYS, JOBS_RETENTION_DAYS } from './retention.ts';

/** Something that a person should know about and act on. */
export interface Condition {
  /** What is wrong, as a sentence without its full stop. */
  title: string;
  /** What it means for the jobs. */
  meaning: string;
  /** What to do, with the commands to type. */
  action: string;
}

/** For how many minutes the scheduler may be silent. The rule invokes it every minute. */
export const SILENT_MINUTES = 3;

/** How long a missed tick is reported, in minutes. */
export const MISSED_MINUTES = 60;

/**
 * How long a job may wait before it is in danger of outliving the queue, in days: half of the queue's retention, which
 * leaves a week to act, and allows for jobs that become twice as slow.
 */
export const MAX_WAIT_DAYS = JOBS_RETENTION_DAYS / 2;

/**
 * What the alarms watch, and what `drumline doctor` and `drumline status` report: the same words everywhere. The names are
 * the last part of the alarms' names, and the headings in docs/operating.md.
 */
export const CONDITIONS = {
  'dead-letters': {
    title: 'Dead letters are present',
    meaning: `Jobs were given up. They are counted as failed, and kept for ${DEAD_LETTER_RETENTION_DAYS} days.`,
    action:
      'Read the reasons: drumline dead-letters list. Fix the cause, then send the jobs again: drumline dead-letters retry --all.',
  },
  overdue: {
    title: 'The oldest job has waited for longer than the time between two ticks',
    meaning: 'The workers are too slow for the jobs, or they cannot work at all. No job is lost.',
    action:
      'Find out whether the workers work: drumline logs consumer --since 10m. If they do, add workers (drumline scale 1:20 or drumline scale N), or enqueue fewer jobs (drumline update --x N).',
  },
  'consumer-errors': {
    title: 'Workers die',
    meaning:
      'A worker crashed, ran out of memory or exceeded its time limit. SQS delivers its jobs again after the visibility timeout.',
    action:
      'Read the reason: drumline logs consumer --since 15m. Raise consumerMemoryMb or consumerTimeoutSeconds, or correct the job, and deploy.',
  },
  'consumer-throttles': {
    title: 'Lambda throttles the workers',
    meaning:
      'Lambda receives more batches than workers may run. Each throttled message loses one of the 1,000 deliveries that it has before SQS makes it a dead letter.',
    action:
      'Set the workers and the event source mapping to the same number: drumline scale N. Then compare N with the concurrency of the account: drumline doctor --target aws.',
  },
  'consumer-duration': {
    title: 'Batches take nearly as long as the time limit',
    meaning: 'Workers run out of time, and return jobs to the queue that they could not do.',
    action:
      'Raise consumerTimeoutSeconds, or lower batchSize or jobsPerMessage, and deploy. drumline plan calculates how long a batch takes.',
  },
  'scheduler-errors': {
    title: 'The scheduler fails',
    meaning:
      'The scheduler ended with an error more than once. The next event continues its work; ticks are missed if that fails too.',
    action: 'Read the reason: drumline logs scheduler --since 15m.',
  },
  'scheduler-throttles': {
    title: 'Lambda throttles the scheduler',
    meaning:
      'The account has no concurrency left for the scheduler. Ticks are late, and missed when they are too late.',
    action:
      'See how much concurrency is left: drumline doctor --target aws. Reserve less for the workers (drumline scale N), or ask AWS for more.',
  },
  'no-firing': {
    title: `The scheduler has not run for ${SILENT_MINUTES} minutes`,
    meaning: 'No jobs are enqueued.',
    action:
      'Read what happened last: drumline logs scheduler --since 15m. Check that the rule EveryMinute of the stack is enabled, then deploy again.',
  },
  'autoscaler-errors': {
    title: 'The autoscaler fails',
    meaning: 'The number of workers stays as it is, and the alarm "overdue" gets no figures.',
    action:
      'Read the reason: drumline logs autoscaler --since 15m. Until it works again, drumline scale does not work either: docs/operating.md says how to set the number with the AWS CLI.',
  },
  'abandoned-events': {
    title: 'Events for the scheduler were abandoned',
    meaning:
      'EventBridge or Lambda could not deliver events to the scheduler, or it failed for them. No job is lost, but ticks may be missed.',
    action:
      'Read the reason: drumline logs scheduler, and the messages of the queue abandoned-events. Then empty that queue.',
  },
  'ledger-throttles': {
    title: 'DynamoDB throttles the ledger',
    meaning: 'The workers return jobs to the queue and try again later. No job is lost or counted twice.',
    action:
      'Use fewer and larger messages (jobsPerMessage, batchSize), which need fewer writes. drumline plan compares the load with the limits of DynamoDB. A new table adapts within half an hour.',
  },
  'missed-ticks': {
    title: 'Ticks were missed',
    meaning: 'Their jobs were not enqueued, and will not be.',
    action:
      'Read the reason: drumline status. To be safe from longer gaps, start runs with --backfill MINUTES.',
  },
  'backlog-retention': {
    title: 'The backlog may outlive the queue',
    meaning: `SQS deletes a message ${JOBS_RETENTION_DAYS} days after it was sent. Its jobs would stay pending forever.`,
    action:
      'Add workers now (drumline scale N), and enqueue nothing more until the backlog is done (drumline stop).',
  },
} as const satisfies Record<string, Condition>;

export type ConditionName = keyof typeof CONDITIONS;
