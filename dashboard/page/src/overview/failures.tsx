import type { Status } from '../../../../functions/status.ts';
import { useAsked } from '../parts/use-asked.ts';
import { ago, count } from '../text/numbers.ts';

/** How many dead letters the overview shows. */
const SHOWN = 3;

/** The part of a dead letter's document that the overview shows. */
interface DeadLetter {
  jobId: number;
  reason: string;
  attempts: number;
  lastFailedAt: string;
}

/** What failed and why: the newest dead letters. */
export function Failures({ status, now }: { status: Status | undefined; now: number }) {
  const failures = status ? status.queue.deadLetters + status.failed : 0;
  // Asks again when the numbers change.
  const { answer, error } = useAsked<{ total: number; documents: DeadLetter[] }>(
    failures > 0 ? 'dead-letters' : undefined,
    { query: '*', size: SHOWN, of: `${status?.queue.deadLetters}-${status?.failed}` },
  );
  if (!answer || error || answer.documents.length === 0) return null;
  return (
    <section class="card failures">
      <h2>What failed and why</h2>
      <ul>
        {answer.documents.slice(0, SHOWN).map(({ jobId, reason, attempts, lastFailedAt }) => (
          <li key={jobId}>
            <div class="failure-head">
              <a href={`/jobs/${jobId}`}>Job {count(jobId)}</a>
              <span class="muted">
                {attempts === 1 ? 'first attempt' : `${count(attempts)} attempts`}, {ago(lastFailedAt, now)}
              </span>
            </div>
            <div class="reason" title={reason}>
              {reason}
            </div>
          </li>
        ))}
      </ul>
      {answer.total > SHOWN && <a href="/jobs?in=dead-letters">All {count(answer.total)} dead letters</a>}
    </section>
  );
}
