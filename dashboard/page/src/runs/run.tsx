import { useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import { scheduleText } from '../../../../cli/runs/schedule-text.ts';
import { pendingOf, sharesOf } from '../../../../cli/runs/statistics.ts';
import { localTime } from '../../../../cli/terminal/format.ts';
import type { Status } from '../../../../functions/status.ts';
import type { RunAnswer, RunCost } from '../../../protocol.ts';
import { Verify } from '../controls/verify.tsx';
import { useServerTime } from '../live/clock.ts';
import { useLive } from '../live/live.tsx';
import { ProblemText } from '../parts/problem-text.tsx';
import { useReadOnlyReason } from '../parts/read-only.ts';
import { useAsked } from '../parts/use-asked.ts';
import { count, counted, dollars, percent, throughput } from '../text/numbers.ts';
import { lasted, meanThroughput } from './run-figures.ts';
import { RunTicks } from './run-ticks.tsx';
import { RunBadge } from './runs.tsx';
import './runs.css';

/** Workers that are listed, those with the largest shares. */
const MAX_WORKERS = 12;

/** A run with its ticks. The active or last run follows the live view. */
export default function Run() {
  const { runId = '' } = useRoute().params;
  return <RunView key={runId} runId={runId} />;
}

function RunView({ runId }: { runId: string }) {
  const { view } = useLive();
  const { query } = useLocation();
  const { answer, error } = useAsked<RunAnswer>(`runs/${encodeURIComponent(runId)}`);
  const isCurrent = view?.status?.runId === runId;
  const run = isCurrent ? view?.status : answer?.status;
  const cost = (isCurrent && view?.cost) || answer?.cost;
  if (!run)
    return (
      <section class="card stack">
        <h1>Run {runId}</h1>
        {error === undefined ? <p class="loading">Reading the run …</p> : <ProblemText error={error} />}
        <p>
          <a href="/runs">All runs</a>
        </p>
      </section>
    );
  const before = Number(query.before) || undefined;
  return (
    <>
      <Summary run={run} />
      <Figures run={run} />
      <div class="run-parts">
        <Workers run={run} />
        <Cost cost={cost} />
      </div>
      <RunTicks run={run} before={before} />
    </>
  );
}

function Summary({ run }: { run: Status }) {
  const { runId, running, startedAt, stoppedAt, lastMiss } = run;
  const readOnly = useReadOnlyReason();
  const [isVerifying, setVerifying] = useState(false);
  const { view } = useLive();
  const now = useServerTime(view?.at, !running);
  return (
    <section class="card stack">
      <div class="view-head">
        <h1>Run {runId}</h1>
        <RunBadge running={running} />
      </div>
      <p>{scheduleText(run)}</p>
      <p class="muted">
        {startedAt && `Started ${localTime(startedAt)}`}
        {stoppedAt && `, stopped ${localTime(stoppedAt)}`}
        {startedAt && `, ${stoppedAt ? 'after' : 'for'} ${lasted(run, now)}`}
      </p>
      {lastMiss && (
        <p>
          {counted(run.missedTicks, 'tick')} missed. The last one, tick {count(lastMiss.tick)}, was missed
          because {lastMiss.reason}.
        </p>
      )}
      <div class="run-links">
        <button
          type="button"
          disabled={readOnly !== undefined}
          title={readOnly}
          aria-expanded={isVerifying}
          onClick={() => setVerifying(!isVerifying)}
        >
          Verify
        </button>
        <a href={`/jobs?in=results&run=${runId}`}>Results</a>
        <a href={`/jobs?in=dead-letters&run=${runId}`}>Dead letters</a>
        <a href="/runs">All runs</a>
      </div>
      {isVerifying && runId && <Verify runId={runId} onClose={() => setVerifying(false)} />}
    </section>
  );
}

function Figures({ run }: { run: Status }) {
  const { view } = useLive();
  const mean = meanThroughput(run, view?.at ?? Date.now());
  const figures = {
    Ticks: count(run.firedTicks),
    'Missed ticks': count(run.missedTicks),
    Enqueued: count(run.enqueued),
    Processed: count(run.processed),
    Failed: count(run.failed),
    Waiting: count(pendingOf(run)),
    'Mean throughput': mean === undefined ? '–' : throughput(mean),
  };
  return (
    <section class="tiles" aria-label="Numbers of the run">
      {Object.entries(figures).map(([name, value]) => (
        <div key={name} class="tile">
          <div class="name">{name}</div>
          <div class="value">{value}</div>
        </div>
      ))}
    </section>
  );
}

function Workers({ run }: { run: Status }) {
  const shares = sharesOf(run);
  const rest = shares.slice(MAX_WORKERS);
  const { retiredWorkers: retired } = run;
  const others = [
    ...(rest.length > 0
      ? [
          `${counted(rest.length, 'more worker')}: ${jobsOf(rest.reduce((sum, { processed }) => sum + processed, 0))}`,
        ]
      : []),
    ...(retired.count > 0
      ? [`${counted(retired.count, 'worker')} that ended before: ${jobsOf(retired.processed)}`]
      : []),
  ];
  return (
    <section class="card">
      <h2>Workers</h2>
      {shares.length === 0 && <p class="muted">No worker holds a counter of this run.</p>}
      {shares.length > 0 && (
        <div class="scroll">
          <table class="runs-table">
            <thead>
              <tr>
                <th scope="col">Worker</th>
                <th scope="col" class="number">
                  Processed
                </th>
                <th scope="col" class="number">
                  Share
                </th>
                <td class="share" />
              </tr>
            </thead>
            <tbody>
              {shares.slice(0, MAX_WORKERS).map(({ id, processed, share }) => (
                <tr key={id}>
                  <td>
                    <a href={`/logs?worker=${encodeURIComponent(id)}`}>{id}</a>
                  </td>
                  <td class="number">{count(processed)}</td>
                  <td class="number">{percent(share)}</td>
                  <td class="share">
                    <span style={{ width: `${share * 100}%` }} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {others.map((text) => (
        <p key={text} class="muted">
          {text}
        </p>
      ))}
    </section>
  );
}

function jobsOf(processed: number): string {
  return `${counted(processed, 'job')} processed`;
}

function Cost({ cost }: { cost: RunCost | undefined }) {
  if (!cost) return null;
  const services = Object.entries(cost.services)
    .filter(([, amount]) => amount > 0)
    .sort(([, one], [, other]) => other - one);
  return (
    <section class="card">
      <h2>Cost: about {dollars(cost.total)} on AWS</h2>
      <table class="runs-table">
        <tbody>
          {services.map(([service, amount]) => (
            <tr key={service}>
              <th scope="row">{service}</th>
              <td class="number">{dollars(amount)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="muted">
        It is calculated from the number of jobs, as “drumline plan” does. It is not a bill: retries,
        monitoring, Elasticsearch and what the jobs use are not included.
      </p>
    </section>
  );
}
