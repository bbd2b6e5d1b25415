import { useRef } from 'preact/hooks';
import type { DeadLettersPage } from '../../../../functions/core/jobs/find-dead-letters.ts';
import type { Status } from '../../../../functions/status.ts';
import { useAsked } from '../parts/use-asked.ts';
import { ago, count, counted } from '../text/numbers.ts';
import { reasonsOf } from './reasons.ts';

/** Dead letters that are read for their reasons. */
const READ = 50;
const SHOWN_REASONS = 3;
/** While jobs fail, the reasons are not read more often than this, in milliseconds. */
const AGAIN_MS = 10_000;

/** What failed and why: the most frequent reasons of the dead letters, each with its newest job. */
export function Failures({ status, now }: { status: Status | undefined; now: number }) {
  const failures = status ? status.queue.deadLetters + status.failed : 0;
  const version = useVersion(`${status?.queue.deadLetters}-${status?.failed}`, now);
  const { answer } = useAsked<DeadLettersPage>(failures > 0 ? 'dead-letters' : undefined, {
    ...{ query: '*', size: READ, of: version },
  });
  const reasons = reasonsOf(answer?.documents ?? []);
  if (status && failures === 0)
    return (
      <section class="card failures">
        <h2>What failed and why</h2>
        <p class="muted">Nothing has failed.</p>
      </section>
    );
  if (!answer || reasons.length === 0) return null;
  return (
    <section class="card failures">
      <h2>What failed and why</h2>
      <ul>
        {reasons.slice(0, SHOWN_REASONS).map(({ reason, jobs, newest }) => (
          <li key={reason}>
            <div class="failure-head">
              <a href={`/jobs/${newest.jobId}`}>Job {count(newest.jobId)}</a>
              <span class="muted">
                {jobs > 1 && `${count(jobs)} jobs, the last `}
                {ago(newest.lastFailedAt, now)}
              </span>
            </div>
            <div class="reason" title={reason}>
              {reason}
            </div>
          </li>
        ))}
      </ul>
      <p>
        <a href="/jobs?in=dead-letters">
          {answer.total === 1 ? 'The dead letter' : `All ${counted(answer.total, 'dead letter')}`}
        </a>
      </p>
    </section>
  );
}

/** A version that follows `newest`, but changes only once in a while. @param now milliseconds since 1970 */
function useVersion(newest: string, now: number): string {
  const shown = useRef({ version: newest, at: 0 });
  if (shown.current.version !== newest && now - shown.current.at >= AGAIN_MS)
    shown.current = { version: newest, at: now };
  return shown.current.version;
}
