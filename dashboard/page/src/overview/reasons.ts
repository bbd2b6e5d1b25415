import type { FoundDeadLetter } from '../../../../functions/core/jobs/find-dead-letters.ts';

/** Dead letters that have the same reason. */
export interface Reason {
  reason: string;
  /** Dead letters with this reason, among those that were read. */
  jobs: number;
  /** The newest of them. */
  newest: FoundDeadLetter;
}

/** The reasons of dead letters, the most frequent first. Numbers are ignored, since `job 7` and `job 8` fail alike. */
export function reasonsOf(documents: readonly FoundDeadLetter[]): Reason[] {
  const reasons = new Map<string, Reason>();
  for (const document of documents) {
    if (document.state === 'processed') continue;
    const key = document.reason.replaceAll(/\d+/g, '0');
    const known = reasons.get(key);
    if (!known) reasons.set(key, { reason: document.reason, jobs: 1, newest: document });
    else {
      known.jobs++;
      if (document.lastFailedAt > known.newest.lastFailedAt)
        Object.assign(known, { newest: document, reason: document.reason });
    }
  }
  return [...reasons.values()].sort(
    (one, other) => other.jobs - one.jobs || (one.newest.lastFailedAt < other.newest.lastFailedAt ? 1 : -1),
  );
}
