import { groupBy } from '../group-by.ts';
import type { JobId } from '../model/ids.ts';
import { openJobs } from '../model/message-record.ts';
import type { MessageState } from './read-batch.ts';
import type { TimeBudget } from './time-budget.ts';

/**
 * How carefully a message's jobs run. A job that ends its process, fills its memory or never lets go of it takes the
 * worker along before anything can be noted, with all that shares the batch:
 *
 *     receives 1, 2   together with the whole batch, as nearly all are; the worker dies
 *     receive 3       under a lease, with all that are suspect; the worker dies, and the lease outlives it
 *     receive 4 …     alone, each job under a lease that names it: a lease that outlives its worker names the job
 *
 * A job that was alone at MAX_DEATHS deaths is given up, and the innocent ones that shared its messages are done. Only a
 * message that came back without being sent back is suspect, until a worker has lived through all of its jobs.
 */
export type Isolation = 'together' | 'leased' | 'alone';

export function isolationOf({
  record,
  unexplained,
}: Pick<MessageState, 'record' | 'unexplained'>): Isolation {
  if (record.isolated) return 'alone';
  return unexplained > UNSUSPICIOUS_RETURNS ? 'leased' : 'together';
}

/** How often a message may come back without being sent back: a worker may have died of something else. */
const UNSUSPICIOUS_RETURNS = 1;

/** How often a message may be sent back before its isolated jobs come first: else fresh messages could take their time for ever. */
const PATIENT_RETURNS = 5;

/** Jobs that run together, and are counted together. */
export interface WorkGroup {
  messages: MessageState['message'][];
  /** The only job, if it runs alone. */
  job?: JobId;
  /** Whether the ledger hears of it before the jobs run. */
  leased: boolean;
  /** When no further job of the group is begun, milliseconds since 1970. */
  until: number;
}

/**
 * First all that runs together, then what runs under a lease, last and one by one the jobs of messages that a worker has
 * died with. What runs under a lease has half of the time kept for it; a job that runs alone and was sent back again and
 * again has all of it.
 */
export function workGroups(states: readonly MessageState[], budget: TimeBudget): WorkGroup[] {
  const { startedAt, workUntil: until } = budget;
  const open = states.filter(({ trouble, record, asked }) => !trouble && openJobs(record, asked).length > 0);
  const by = groupBy(open, isolationOf);
  const messages = (isolation: Isolation) => (by.get(isolation) ?? []).map(({ message }) => message);
  const isStarving = ({ message }: MessageState) => (message.returned?.times ?? 0) >= PATIENT_RETURNS;
  const alone = (isFirst: boolean) =>
    innocentsFirst((by.get('alone') ?? []).filter((state) => isStarving(state) === isFirst)).map(
      ({ state, job }): WorkGroup => ({ messages: [state.message], job, leased: true, until }),
    );
  const [starving, patient] = [alone(true), alone(false)];
  const hasCare = by.has('leased') || patient.length > 0;
  return [
    ...starving,
    { messages: messages('together'), leased: false, until: hasCare ? (startedAt + until) / 2 : until },
    { messages: messages('leased'), leased: true, until },
    ...patient,
  ].filter((group) => group.messages.length > 0);
}

/** Jobs that no worker has died of yet come before those that one may have. */
function innocentsFirst(states: readonly MessageState[]): { state: MessageState; job: JobId }[] {
  const deaths = ({ state, job }: { state: MessageState; job: JobId }) =>
    state.record.attempts[job]?.deaths ?? 0;
  return states
    .flatMap((state) => openJobs(state.record, state.asked).map((job) => ({ state, job })))
    .sort((a, b) => deaths(a) - deaths(b));
}
