import { count, counted, elapsed, printable } from '../../../../cli/terminal/format.ts';
import type { JobStory } from '../../../protocol.ts';

/** How an event is marked: as a `Badge` of this kind. */
export type EventKind = 'good' | 'warn' | 'bad' | 'quiet';

/** Something that has happened to a job, or will happen. */
export interface Event {
  kind: EventKind;
  title: string;
  /** ISO 8601; absent if it is not known. */
  at?: string;
  /** When it ended, or ends at the latest. */
  until?: string;
  detail?: string;
}

/** How a state is shown. */
export const STATE_KINDS: Record<JobStory['state'], EventKind> = {
  'not enqueued': 'quiet',
  waiting: 'quiet',
  retrying: 'warn',
  processed: 'good',
  dead: 'bad',
  unknown: 'quiet',
};

/** Whether the job's state can change without anybody doing something. */
export function isUnderway({ state }: Pick<JobStory, 'state'>): boolean {
  return state === 'not enqueued' || state === 'waiting' || state === 'retrying';
}

/** What has happened to a job, in order, and what comes next. */
export function eventsOf(story: JobStory): Event[] {
  return [...beginning(story), ...attempts(story), ...ending(story)];
}

function beginning({ dueAt, state, document }: JobStory): Event[] {
  const due: Event = { kind: 'quiet', title: 'Due', at: dueAt };
  if (state === 'not enqueued') return [due, { kind: 'quiet', title: 'Not enqueued yet' }];
  if (!document) return [due, { kind: 'quiet', title: 'Enqueued' }];
  return [due, { kind: 'quiet', title: 'Enqueued', at: document.enqueuedAt }];
}

function attempts({ attempts, nextAttempt, state }: JobStory): Event[] {
  if (!attempts) return [];
  const { failed, deaths, firstAt, lastAt, reason, permanent } = attempts;
  const died = deaths > 0 ? `, ${counted(deaths, 'death')} of a worker` : '';
  const failure: Event = {
    kind: 'bad',
    title: `${counted(failed, 'failed attempt')}${died}`,
    at: firstAt,
    ...(lastAt !== firstAt && { until: lastAt }),
    detail: `${printable(reason)}${permanent ? ' (permanent)' : ''}`,
  };
  if (state !== 'retrying') return [failure];
  const next: Event = nextAttempt
    ? { kind: 'warn', title: 'Next attempt', at: nextAttempt.from, until: nextAttempt.to }
    : { kind: 'warn', title: 'No further attempt', detail: 'The job becomes a dead letter.' };
  return [failure, next];
}

function ending({ state, document, problems = {}, attempts }: JobStory): Event[] {
  switch (state) {
    case 'processed': {
      if (document) return [processed(document)];
      const detail = problems.document ?? 'It has no document: the document was deleted.';
      return [{ kind: 'good', title: 'Processed', detail }];
    }
    case 'dead':
      return [
        {
          kind: 'bad',
          title: 'Given up: a dead letter',
          ...(attempts && { at: attempts.lastAt }),
          detail: 'The job is counted as failed until a retry processes it.',
        },
      ];
    case 'waiting':
      return [{ kind: 'quiet', title: 'Waits for a worker' }];
    case 'unknown':
      return [
        {
          kind: 'quiet',
          title: 'Nothing else is known',
          detail: 'The ledger’s record has expired, and there is no document.',
        },
      ];
    default:
      return [];
  }
}

function processed({ enqueuedAt, processedAt, workerId, version }: NonNullable<JobStory['document']>): Event {
  const took = Date.parse(processedAt) - Date.parse(enqueuedAt);
  const code = version ? `, version ${version}` : '';
  return {
    kind: 'good',
    title: 'Processed',
    at: processedAt,
    detail: `By ${workerId}${code}, ${elapsed(took)} after the job was enqueued.`,
  };
}

/** Where a job stands in its tick: `job 17 of 20,000, in the message of jobs 1–50`. */
export function positionOf({ index, count: jobs, message }: JobStory): string {
  return `job ${count(index + 1)} of ${count(jobs)}, in the message of jobs ${message.first}–${message.last}`;
}
