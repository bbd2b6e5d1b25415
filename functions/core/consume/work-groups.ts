import { groupBy } from '../grouping.ts';
import type { JobId } from '../model/ids.ts';
import { openJobs } from '../model/message-record.ts';
import type { MessageState } from './read-batch.ts';
import type { TimeBudget } from './time-budget.ts';

/**
 * How far a message's jobs are isolated from others. A job that ends the process, exhausts its memory or blocks it
 * kills the worker, and the whole batch with it, before anything can be recorded:
 *
 *     receives 1, 2   together: with the whole batch, as nearly all messages; the worker dies
 *     receive 3       leased: with all suspect messages, under a lease; the worker dies, and the lease remains
 *     receive 4 …     alone: each job under a lease that names it; a lease that remains names the deadly job
 *
 * A job that was alone at MAX_DEATHS deaths is given up, and the other jobs of its messages are processed. A message is
 * suspect only if it came back although no worker sent it back, and until a worker has survived all of its jobs.
 */
export type Isolation = 'together' | 'leased' | 'alone';

/** How a message's jobs must run next. */
export function isolationOf({
  record,
  unexplained,
}: Pick<MessageState, 'record' | 'unexplained'>): Isolation {
  if (record.isolated) return 'alone';
  return unexplained > UNSUSPICIOUS_RETURNS ? 'leased' : 'together';
}

/** Unexplained redeliveries of a message before it is suspect. Workers also die for reasons other than their jobs. */
const UNSUSPICIOUS_RETURNS = 1;

/** After this many returns a message's isolated jobs run first. Otherwise new messages could starve them. */
const STARVING_RETURNS = 5;

/** Jobs that run together and are counted together. */
export interface WorkGroup {
  messages: MessageState['message'][];
  /** The only job to run, if it runs alone. */
  job?: JobId;
  /** Whether a lease is written to the ledger before the jobs run. */
  leased: boolean;
  /** When the last job of the group may start, in milliseconds since 1970. */
  until: number;
}

/**
 * Divides the open jobs of a batch into groups, in the order in which they run: first all jobs that run together, then
 * those under a common lease, then the isolated jobs one by one. If there are leased or isolated jobs, half of the time
 * is reserved for them. Isolated jobs of a message that was sent back many times run before everything else.
 */
export function workGroups(states: readonly MessageState[], budget: TimeBudget): WorkGroup[] {
  const { startedAt, workUntil: until } = budget;
  const open = states.filter(
    ({ problem, record, requested }) => !problem && openJobs(record, requested).length > 0,
  );
  const byIsolation = groupBy(open, isolationOf);
  const messages = (isolation: Isolation) => (byIsolation.get(isolation) ?? []).map(({ message }) => message);
  const isStarving = ({ message }: MessageState) => (message.returned?.times ?? 0) >= STARVING_RETURNS;
  const alone = (starving: boolean) =>
    fewestDeathsFirst((byIsolation.get('alone') ?? []).filter((state) => isStarving(state) === starving)).map(
      ({ state, job }): WorkGroup => ({ messages: [state.message], job, leased: true, until }),
    );
  const patient = alone(false);
  const reservesTime = byIsolation.has('leased') || patient.length > 0;
  return [
    ...alone(true),
    { messages: messages('together'), leased: false, until: reservesTime ? (startedAt + until) / 2 : until },
    { messages: messages('leased'), leased: true, until },
    ...patient,
  ].filter((group) => group.messages.length > 0);
}

/** The open jobs of these messages, those that have killed the fewest workers first. */
function fewestDeathsFirst(states: readonly MessageState[]): { state: MessageState; job: JobId }[] {
  const deaths = ({ state, job }: { state: MessageState; job: JobId }) =>
    state.record.attempts[job]?.deaths ?? 0;
  return states
    .flatMap((state) => openJobs(state.record, state.requested).map((job) => ({ state, job })))
    .sort((a, b) => deaths(a) - deaths(b));
}
