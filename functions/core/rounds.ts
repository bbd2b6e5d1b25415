import { type Care, careOf } from './caution.ts';
import type { Identified } from './identify.ts';
import type { JobId } from './ids.ts';
import type { Entry } from './ledger/message.ts';
import { doomedJobs, openJobs } from './settlement.ts';
import type { Limits, Task } from './work.ts';
import type { Worker } from './worker.ts';

/** Jobs that are worked on together, and counted together. */
export interface Round {
  entries: Entry[];
  tasks: Task[];
  /** Jobs that have their document already, and only want counting. */
  found: JobId[];
  /** Whether the ledger is told before the work begins, so that it knows if a worker dies of it. */
  noted: boolean;
  /** When no further job of it is begun, milliseconds since 1970. */
  until: number;
}

/** The part of an invocation kept for writing what was worked on, and at most how much, in milliseconds. */
const WRITING_SHARE = 0.25;
export const WRITING_MS = 2_500;

/** @param from when the invocation began, @param endsAt when it is over, milliseconds since 1970 */
export function limitsOf(from: number, endsAt: number): Limits {
  const until = endsAt - Math.min(WRITING_MS, (endsAt - from) * WRITING_SHARE);
  return { from, until, endsAt, longest: 0 };
}

/** First all that needs no care, together; then what does; last, and one at a time, the jobs that a worker died with. */
export function* roundsOf(
  worker: Worker,
  identified: Identified['identified'],
  found: Set<JobId>,
  limits: Limits,
): Generator<Round> {
  const { from, until } = limits;
  const byCare: Record<Care, Set<Entry>> = { none: new Set(), noted: new Set(), alone: new Set() };
  for (const [entry, receives] of mostReceived(identified)) byCare[careOf(receives, entry.record)].add(entry);
  // What needs care waits for what does not; so that it doesn't wait for ever, it has half of the time.
  const halfTime = byCare.noted.size + byCare.alone.size > 0 ? (from + until) / 2 : until;
  const round = (entries: Entry[], noted = false): Round => ({
    entries,
    tasks: tasksOf(entries, worker.settings.maxAttempts).filter(({ jobId }) => !found.has(jobId)),
    found: [...found].filter((job) =>
      entries.some(({ message }) => job >= message.first && job <= message.last),
    ),
    noted,
    until,
  });
  if (byCare.none.size > 0) yield { ...round([...byCare.none]), until: halfTime };
  if (byCare.noted.size > 0) yield round([...byCare.noted], true);
  // What is done or doomed is counted first: it must not wait for those that a worker may die of.
  const alone = [...byCare.alone];
  if (alone.length > 0) yield { ...round(alone), tasks: [] };
  for (const { entry, task } of innocentsFirst(alone, round)) {
    // None is noted as begun that would not be.
    if (worker.clock() + limits.longest >= until) return;
    yield { entries: [entry], tasks: [task], found: [], noted: true, until };
  }
}

/** Jobs that no worker has died of yet come before those that one may have. */
function innocentsFirst(
  entries: Entry[],
  round: (entries: Entry[]) => Round,
): { entry: Entry; task: Task }[] {
  const deaths = ({ entry, task }: { entry: Entry; task: Task }) =>
    entry.record.attempts[task.jobId]?.deaths ?? 0;
  return entries
    .flatMap((entry) => round([entry]).tasks.map((task) => ({ entry, task })))
    .sort((a, b) => deaths(a) - deaths(b));
}

function mostReceived(identified: Identified['identified']): Map<Entry, number> {
  const receives = new Map<Entry, number>();
  for (const { entry, delivery } of identified)
    receives.set(entry, Math.max(delivery.receives, receives.get(entry) ?? 0));
  return receives;
}

/** The jobs to do, each once, even when the batch has its message twice. */
function tasksOf(entries: Entry[], maxAttempts: number): Task[] {
  const tasks = new Map<number, Task>();
  for (const { message, record, index } of entries) {
    const doomed = new Set(doomedJobs(message, record, maxAttempts).map(({ jobId }) => jobId));
    for (const jobId of openJobs(message, record))
      if (!doomed.has(jobId)) tasks.set(jobId, { jobId, message, index: index.name });
  }
  return [...tasks.values()];
}
