import type { ComponentChildren } from 'preact';
import { nextTickText, scheduleText } from '../../../../cli/runs/schedule-text.ts';
import { pendingOf } from '../../../../cli/runs/statistics.ts';
import type { PassStatus, Status } from '../../../../functions/status.ts';
import type { View } from '../../../protocol.ts';
import { Badge } from '../parts/badge.tsx';
import { ago, count, counted, dayAndMinute, dueIn, percent } from '../text/numbers.ts';
import { tickProgress } from './tick-progress.ts';

/** The run: its schedule, its current tick, and when the next one is due. */
export function RunCard({
  view,
  now,
  children,
}: {
  view: View | undefined;
  now: number;
  /** The controls. */
  children: ComponentChildren;
}) {
  const status = view?.status;
  if (!status) return <RunSkeleton />;
  if (status.runId === null) return <NoRun>{children}</NoRun>;
  const { running, runId, startedAt, stoppedAt, firedTicks, pass } = status;
  return (
    <section class="card run" aria-label="Run">
      <div class="run-head">
        <h2>
          <span class="visually-hidden">Run </span>
          <a href={`/runs/${runId}`}>{runId}</a>
        </h2>
        {running ? <Badge kind="good">running</Badge> : <Badge kind="quiet">stopped</Badge>}
        <strong class="schedule">{scheduleText(status)}</strong>
        <span class="muted since">
          {running
            ? startedAt && `since ${dayAndMinute(Date.parse(startedAt), now)} (${ago(startedAt, now)})`
            : stoppedAt && ago(stoppedAt, now)}
          {`, ${counted(firedTicks, 'tick')}`}
        </span>
      </div>
      <Tick status={status} view={view} now={now} />
      {pass && <PassLine pass={pass} />}
      {children}
    </section>
  );
}

function Tick({ status, view, now }: { status: Status; view: View; now: number }) {
  const progress = tickProgress(status, view.history.ticks, view.at);
  const pending = pendingOf(status);
  const share = progress ? progress.done / progress.jobs : pending > 0 ? 0 : 1;
  return (
    <div class="tick">
      <div class="tick-text">
        <span>
          {progress ? (
            <>
              Tick {count(progress.tick)}: <strong>{count(progress.done)}</strong> of{' '}
              {counted(progress.jobs, 'job')} <span class="muted">({percent(share)})</span>
              {progress.earlier > 0 && (
                <span class="muted">, after {counted(progress.earlier, 'job')} of earlier ticks</span>
              )}
            </>
          ) : status.tick === 0 ? (
            'No tick has fired yet.'
          ) : (
            `Tick ${count(status.tick)}`
          )}
        </span>
        <span class="countdown" aria-live="off">
          {status.nextTickAt && `Next tick ${nextTickText(status) ?? dueIn(status.nextTickAt, now)}`}
        </span>
      </div>
      <div
        class="progress"
        role="progressbar"
        aria-label="Jobs of the current tick"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(share * 100)}
      >
        <div style={{ transform: `scaleX(${share})` }} />
      </div>
    </div>
  );
}

function PassLine({ pass: { number, state, items, taken, invalid, reason } }: { pass: PassStatus }) {
  const text = {
    reading: `is being read, ${counted(items, 'item')} so far`,
    complete: `has ${counted(items, 'item')}, ${count(taken)} of them in ticks`,
    failed: `could not be read: ${reason}`,
  }[state];
  return (
    <p class="pass">
      List: pass {count(number)} {text}.
      {invalid.first &&
        ` ${counted(invalid.count, 'item')} cannot be used; the first has index ${count(invalid.first.index)}: ${invalid.first.problem}.`}
    </p>
  );
}

function NoRun({ children }: { children: ComponentChildren }) {
  return (
    <section class="card run" aria-label="Run">
      <div class="run-head">
        <h2>There has been no run yet</h2>
      </div>
      <p class="muted">A run enqueues X jobs every Y minutes, until it is stopped.</p>
      {children}
    </section>
  );
}

function RunSkeleton() {
  return (
    <section class="card run skeleton" aria-hidden="true">
      <div class="run-head">
        <h2>Run</h2>
      </div>
      <div class="tick">
        <div class="tick-text">Tick</div>
        <div class="progress" />
      </div>
    </section>
  );
}
