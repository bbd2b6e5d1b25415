import { sharesOf } from '../../../../cli/runs/statistics.ts';
import { isFixed } from '../../../../functions/core/model/scaling.ts';
import type { Status } from '../../../../functions/status.ts';
import type { View } from '../../../protocol.ts';
import { colorOfWorker } from '../charts/worker-color.ts';
import { Badge } from '../parts/badge.tsx';
import { ago, count, counted, percent, ruleText, shortWorker } from '../text/numbers.ts';

/** More workers than this are summarized. */
const MAX_ROWS = 8;

/** A worker that has counted jobs within this time works, in milliseconds. */
const ACTIVE_MS = 60_000;

/** Who works, how many may, and why so many. */
export function Workers({ view, now }: { view: View | undefined; now: number }) {
  const status = view?.status;
  return (
    <section class="card workers">
      <h2>Workers</h2>
      {status ? <WorkersText status={status} now={now} /> : <p class="muted">–</p>}
      {status && <WorkersTable status={status} workers={view.history.workers} now={now} />}
    </section>
  );
}

function WorkersText({ status, now }: { status: Status; now: number }) {
  const { concurrency, scaling } = status;
  const active = status.workers.filter(({ lastSeenAt }) => now - Date.parse(lastSeenAt) < ACTIVE_MS).length;
  const { rule, decision, state } = scaling;
  return (
    <>
      <p>
        <strong class="big">{count(active)}</strong>{' '}
        {concurrency === undefined
          ? 'at work. Lambda does not say how many may work.'
          : concurrency === null
            ? 'at work, of as many as AWS allows'
            : `at work, of ${count(concurrency)} allowed`}
        {state === 'changing' && (
          <>
            {' '}
            <Badge kind="quiet">changing</Badge>
          </>
        )}
        {state === 'refused' && (
          <>
            {' '}
            <Badge kind="bad">change refused</Badge>
          </>
        )}
      </p>
      {rule && (
        <p class="muted">
          {isFixed(rule)
            ? `Fixed at ${ruleText(rule)}.`
            : `Autoscaling from ${ruleText(rule)}${
                rule.drainWithinSeconds === undefined
                  ? ''
                  : `, to drain within ${counted(rule.drainWithinSeconds, 'second')}`
              }.`}
        </p>
      )}
      {decision?.problem !== undefined && (
        <p class="bad-text">
          Not scaled to {count(decision.to ?? 0)}: {decision.problem}
        </p>
      )}
      {rule && !isFixed(rule) && decision && (
        <p class="muted">
          {ago(decision.at, now)}: {decision.reason}
        </p>
      )}
    </>
  );
}

function WorkersTable({ status, workers, now }: { status: Status; workers: string[]; now: number }) {
  const shares = sharesOf(status);
  if (shares.length === 0) return <p class="muted">No worker has processed a job of this run yet.</p>;
  const seen = new Map(status.workers.map(({ id, lastSeenAt }) => [id, lastSeenAt]));
  const shown = shares.length > MAX_ROWS ? shares.slice(0, MAX_ROWS - 2) : shares;
  const rest = shares.slice(shown.length);
  const { retiredWorkers: retired } = status;
  return (
    <div class="scroll">
      <table class="compact">
        <thead>
          <tr>
            <th>Worker</th>
            <th class="number">Processed</th>
            <th class="number">Share</th>
            <th class="number">Last count</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ id, processed, share }) => (
            <tr key={id}>
              <td>
                <span class="swatch" style={{ background: colorOfWorker(workers, id) }} />{' '}
                <a href={`/logs?worker=${encodeURIComponent(id)}`} title={id}>
                  {shortWorker(id)}
                </a>
              </td>
              <td class="number">{count(processed)}</td>
              <td class="number">{percent(share)}</td>
              <td class="number">{ago(seen.get(id) ?? '', now)}</td>
            </tr>
          ))}
          {rest.length > 0 && (
            <SumRow
              name={`${count(rest.length)} others`}
              processed={rest.reduce((sum, { processed }) => sum + processed, 0)}
              share={rest.reduce((sum, { share }) => sum + share, 0)}
            />
          )}
          {retired.count > 0 && (
            <SumRow
              name={`${count(retired.count)} retired`}
              processed={retired.processed}
              share={status.processed > 0 ? retired.processed / status.processed : 0}
            />
          )}
        </tbody>
      </table>
    </div>
  );
}

function SumRow({ name, processed, share }: { name: string; processed: number; share: number }) {
  return (
    <tr>
      <td class="muted">{name}</td>
      <td class="number">{count(processed)}</td>
      <td class="number">{percent(share)}</td>
      <td />
    </tr>
  );
}
