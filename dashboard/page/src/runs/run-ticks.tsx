import { useEffect } from 'preact/hooks';
import { tickRows } from '../../../../cli/runs/tick-rows.ts';
import { localTime } from '../../../../cli/terminal/format.ts';
import type { TickStatus, TicksPage } from '../../../../functions/core/schedule/tick-status.ts';
import type { Status } from '../../../../functions/status.ts';
import { Badge, type BadgeKind } from '../parts/badge.tsx';
import { ProblemText } from '../parts/problem-text.tsx';
import { useAsked } from '../parts/use-asked.ts';
import { count } from '../text/numbers.ts';
import { rangeText } from './run-figures.ts';

const STATES: Record<TickStatus['state'], BadgeKind> = {
  enqueuing: 'quiet',
  enqueued: 'good',
  stopped: 'warn',
};

/** A page of a run's ticks, newest first, with those that were missed. The newest page follows the run. */
export function RunTicks({ run, before }: { run: Status; before: number | undefined }) {
  const path = `runs/${run.runId}`;
  const { answer, error, isLoading, again } = useAsked<TicksPage>(`${path}/ticks`, { before });
  const changes = `${run.tick} ${run.enqueued} ${run.lastMiss?.tick} ${run.running}`;
  useEffect(() => {
    if (before === undefined && answer) again();
  }, [changes]);

  const rows = answer ? tickRows({ run, before, ...answer }) : [];
  return (
    <section class="card">
      <div class="view-head">
        <h2>Ticks</h2>
        <span class="muted">
          {before === undefined ? 'newest first' : `before tick ${count(before)}, newest first`}
        </span>
      </div>
      {error !== undefined && <ProblemText error={error} />}
      {!answer && isLoading && <p class="loading">Reading the ticks …</p>}
      {answer && rows.length === 0 && <p>No tick has fired yet.</p>}
      {rows.length > 0 && (
        <div class={`scroll ${isLoading && before !== undefined ? 'loads' : ''}`}>
          <table class="runs-table">
            <thead>
              <tr>
                <th scope="col" class="number">
                  Tick
                </th>
                <th scope="col">Due</th>
                <th scope="col">Fired</th>
                <th scope="col" class="number">
                  Jobs
                </th>
                <th scope="col" class="number">
                  Enqueued
                </th>
                <th scope="col">IDs of the jobs</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) =>
                'tick' in row ? (
                  <Row key={row.tick} {...row} />
                ) : (
                  <tr key={`missed ${row.to}`} class="missed">
                    <td class="number">{rangeText(row.from, row.to, count)}</td>
                    <td colSpan={5} />
                    <td>
                      <Badge kind="warn">missed</Badge>
                    </td>
                  </tr>
                ),
              )}
            </tbody>
          </table>
        </div>
      )}
      <nav class="pager" aria-label="Pages of ticks">
        {before !== undefined && <a href={`/${path}`}>Newest ticks</a>}
        {answer?.next !== undefined && <a href={`/${path}?before=${answer.next}`}>Older ticks</a>}
      </nav>
    </section>
  );
}

function Row({ tick, dueAt, claimedAt, firstJob, lastJob, count: jobs, enqueued, state }: TickStatus) {
  return (
    <tr>
      <td class="number">{count(tick)}</td>
      <td>{localTime(dueAt)}</td>
      <td>{localTime(claimedAt)}</td>
      <td class="number">{count(jobs)}</td>
      <td class="number">{count(enqueued)}</td>
      <td>{jobs > 0 && <a href={`/jobs/${firstJob}`}>{rangeText(firstJob, lastJob, String)}</a>}</td>
      <td>
        <Badge kind={STATES[state]}>{state}</Badge>
      </td>
    </tr>
  );
}
