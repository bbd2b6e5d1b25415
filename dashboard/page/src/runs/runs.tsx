import { useEffect } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { scheduleText } from '../../../../cli/runs/schedule-text.ts';
import { pendingOf } from '../../../../cli/runs/statistics.ts';
import { localTime } from '../../../../cli/terminal/format.ts';
import type { RunStatus, RunsPage } from '../../../../functions/status.ts';
import { useServerTime } from '../live/clock.ts';
import { useLive } from '../live/live.tsx';
import { Badge } from '../parts/badge.tsx';
import { ProblemText } from '../parts/problem-text.tsx';
import { useAsked } from '../parts/use-asked.ts';
import { count } from '../text/numbers.ts';
import { lasted } from './run-figures.ts';
import './runs.css';

/** The runs, newest first, page by page. The numbers of the active or last run follow the live view. */
export default function Runs() {
  const { query } = useLocation();
  const { view } = useLive();
  const { before } = query;
  const { answer, error, isLoading, again } = useAsked<RunsPage>('runs', { before });
  const current = view?.status;
  const now = useServerTime(view?.at);
  const isNew = before === undefined && current?.runId && answer?.runs[0]?.runId !== current.runId;
  useEffect(() => {
    if (isNew) again();
  }, [current?.runId]);

  return (
    <section class="card">
      <div class="view-head">
        <h1>Runs</h1>
        <span class="muted">newest first</span>
      </div>
      {error !== undefined && <ProblemText error={error} />}
      {!answer && isLoading && <p class="loading">Reading the runs …</p>}
      {answer?.runs.length === 0 && (
        <p>
          {before === undefined ? 'There has been no run yet.' : 'There are no older runs.'} Start one on the{' '}
          <a href="/">overview</a>.
        </p>
      )}
      {answer && answer.runs.length > 0 && (
        <div class={`scroll ${isLoading && before !== undefined ? 'loads' : ''}`}>
          <table class="runs-table">
            <thead>
              <tr>
                <th scope="col">Run</th>
                <th scope="col">State</th>
                <th scope="col">Started</th>
                <th scope="col">Lasted</th>
                <th scope="col">Jobs</th>
                {['Ticks', 'Missed', 'Enqueued', 'Processed', 'Failed', 'Waiting'].map((name) => (
                  <th key={name} scope="col" class="number">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {answer.runs.map((run) => (
                <Row key={run.runId} run={current && current.runId === run.runId ? current : run} now={now} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <nav class="pager" aria-label="Pages of runs">
        {before !== undefined && <a href="/runs">Newest runs</a>}
        {answer?.next !== undefined && <a href={`/runs?before=${answer.next}`}>Older runs</a>}
      </nav>
    </section>
  );
}

function Row({ run, now }: { run: RunStatus; now: number }) {
  const { runId, running, startedAt, firedTicks, missedTicks, enqueued, processed, failed } = run;
  return (
    <tr>
      <td>
        <a href={`/runs/${runId}`}>{runId}</a>
      </td>
      <td>
        <RunBadge running={running} />
      </td>
      <td>{startedAt && localTime(startedAt)}</td>
      <td>{lasted(run, now)}</td>
      <td class="words">{scheduleText(run)}</td>
      {[firedTicks, missedTicks, enqueued, processed, failed, pendingOf(run)].map((value, index) => (
        <td key={index} class="number">
          {count(value)}
        </td>
      ))}
    </tr>
  );
}

export function RunBadge({ running }: { running: boolean }) {
  return <Badge kind={running ? 'good' : 'quiet'}>{running ? 'running' : 'stopped'}</Badge>;
}
