import type { Status } from '../../functions/status.ts';
import {
  CONDITIONS,
  type Condition,
  type ConditionName,
  MAX_WAIT_DAYS,
  MISSED_MINUTES,
  SILENT_MINUTES,
} from '../../infra-cdk/settings/conditions.ts';
import { JOBS_RETENTION_DAYS } from '../../infra-cdk/settings/retention.ts';
import { counted, elapsed } from '../terminal/format.ts';
import { pendingOf } from './statistics.ts';

/** What the status function says about the ledger and the queues. */
export type Figures = Pick<
  Status,
  | 'running'
  | 'enqueued'
  | 'processed'
  | 'failed'
  | 'y'
  | 'lastTickAt'
  | 'nextTickAt'
  | 'lastMiss'
  | 'queue'
  | 'oldestPendingAt'
  | 'jobsPerSecond'
>;

/** What is known about one condition. */
export interface Finding extends Condition {
  condition: ConditionName;
  ok: boolean;
  /** The figures that the judgement rests on. */
  found: string;
}

const DAY_MS = 86_400_000;

/**
 * Judges the conditions that the ledger and the queues show. Only CloudWatch knows the others: errors, throttles and
 * durations of functions, and throttles of DynamoDB.
 * @param abandonedEvents messages in that queue; undefined if it was not read
 * @param now milliseconds since 1970
 */
export function findingsOf(figures: Figures, abandonedEvents: number | undefined, now: number): Finding[] {
  return [
    deadLetters(figures),
    overdue(figures, now),
    silence(figures, now),
    ...(abandonedEvents === undefined ? [] : [abandoned(abandonedEvents)]),
    missedTicks(figures, now),
    backlog(figures, now),
  ];
}

/** What needs attention, as far as a status shows it. */
export function warningsOf(status: Figures, now = Date.now()): Omit<Finding, 'ok'>[] {
  return findingsOf(status, undefined, now).flatMap(({ ok, ...warning }) => (ok ? [] : [warning]));
}

/** What a user of another target or of a stage must know about the commands in the texts; nothing on the default one. */
export function optionsNote(options: string): string[] {
  return options === '' ? [] : [`Add ${options} to these commands.`];
}

function finding(condition: ConditionName, ok: boolean, found: string): Finding {
  return { condition, ok, found, ...CONDITIONS[condition] };
}

function deadLetters({ queue }: Figures): Finding {
  return finding('dead-letters', queue.deadLetters === 0, counted(queue.deadLetters, 'dead letter'));
}

function overdue(figures: Figures, now: number): Finding {
  const waited = waitOf(figures, now);
  const period = periodOf(figures);
  if (waited === undefined) return finding('overdue', true, 'no job is waiting');
  const limit = period === undefined ? '' : `, ${elapsed(period)} between two ticks`;
  return finding(
    'overdue',
    period === undefined || waited <= period,
    `${elapsed(waited)}${limit}; ${counted(pendingOf(figures), 'job')} pending`,
  );
}

function silence({ running, nextTickAt }: Figures, now: number): Finding {
  if (!running || nextTickAt === null) return finding('no-firing', true, 'no run is active');
  const late = now - Date.parse(nextTickAt);
  return finding(
    'no-firing',
    late <= SILENT_MINUTES * 60_000,
    late > 60_000 ? `the next tick is ${elapsed(late)} late` : 'no tick is late',
  );
}

function abandoned(events: number): Finding {
  return finding('abandoned-events', events === 0, counted(events, 'abandoned event'));
}

function missedTicks({ lastMiss }: Figures, now: number): Finding {
  if (!lastMiss) return finding('missed-ticks', true, 'none');
  const since = now - Date.parse(lastMiss.at);
  return finding(
    'missed-ticks',
    since > MISSED_MINUTES * 60_000,
    `the last one ${elapsed(since)} ago: ${lastMiss.reason}`,
  );
}

/**
 * Predicts how long a job may wait: as long as the oldest one has waited, and until the whole backlog is done, since SQS
 * does not keep messages in order.
 */
function backlog(figures: Figures, now: number): Finding {
  const waited = waitOf(figures, now) ?? 0;
  const { jobsPerSecond = 0 } = figures;
  const drain = jobsPerSecond > 0 ? (pendingOf(figures) / jobsPerSecond) * 1_000 : 0;
  const days = (waited + drain) / DAY_MS;
  return finding(
    'backlog-retention',
    days < MAX_WAIT_DAYS,
    days < 1
      ? 'no job waits for a day'
      : `a job may wait ${days.toFixed(1)} days, of the ${JOBS_RETENTION_DAYS} days that the queue keeps it`,
  );
}

/** How long the oldest pending job has waited, in milliseconds; undefined if none is pending. */
function waitOf({ oldestPendingAt }: Figures, now: number): number | undefined {
  return oldestPendingAt === null ? undefined : Math.max(0, now - Date.parse(oldestPendingAt));
}

/** The time between two ticks, in milliseconds; undefined for the cron expression of a run that has no next tick. */
function periodOf({ y, lastTickAt, nextTickAt }: Figures): number | undefined {
  if (y !== null) return y * 60_000;
  if (lastTickAt === null || nextTickAt === null) return undefined;
  return Date.parse(nextTickAt) - Date.parse(lastTickAt);
}
