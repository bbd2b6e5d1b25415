import { useLocation } from 'preact-iso';
import type { View } from '../../../protocol.ts';
import {
  ConcurrencyChart,
  Decisions,
  OldestChart,
  RunTimeChart,
  ThroughputChart,
  useShown,
  WaitingChart,
  WaitTimeChart,
} from '../charts/history-charts.tsx';
import { SPANS, spanOf } from '../charts/series.ts';
import { Controls } from '../controls/controls.tsx';
import { useServerTime } from '../live/clock.ts';
import { useLive } from '../live/live.tsx';
import { staleText } from '../live/shown-health.ts';
import { Failures } from './failures.tsx';
import { HealthBand, Warnings } from './health.tsx';
import { Lanes } from './lanes.tsx';
import './overview.css';
import { RunCard } from './run-card.tsx';
import { Tiles } from './tiles.tsx';
import { Workers } from './workers.tsx';

/** The first screen: is it healthy, how fast, when done, who works, what failed and why. */
export function Overview() {
  const live = useLive();
  const { view } = live;
  const isStale = staleText(live) !== undefined;
  const now = useServerTime(view?.at, isStale);
  return (
    <>
      <HealthBand />
      <div class={`overview ${isStale ? 'stale' : ''}`}>
        <Tiles view={view} now={now} />
        {view && <Warnings view={view} />}
        <div class="columns">
          <div class="column">
            <RunCard view={view} now={now}>
              <Controls />
            </RunCard>
            {view && <Throughput view={view} />}
          </div>
          <div class="column">
            <Workers view={view} now={now} />
            <Failures status={view?.status} now={now} />
          </div>
        </div>
        <Lanes />
        {view && <Charts view={view} />}
      </div>
    </>
  );
}

function useSpan(view: View): number {
  return spanOf(useLocation().query.span, view.history);
}

function Throughput({ view }: { view: View }) {
  return <ThroughputChart shown={useShown(view, useSpan(view))} />;
}

function Charts({ view }: { view: View }) {
  const shown = useShown(view, useSpan(view));
  return (
    <>
      <SpanChoice minutes={useSpan(view)} />
      <div class="charts">
        <WaitingChart shown={shown} />
        <OldestChart shown={shown} />
        <WaitTimeChart shown={shown} />
        <RunTimeChart shown={shown} />
        <ConcurrencyChart shown={shown} />
        <Decisions shown={shown} />
      </div>
    </>
  );
}

/** How much time the charts show. It is in the address, so that it can be shared. */
function SpanChoice({ minutes }: { minutes: number }) {
  const { route } = useLocation();
  return (
    <fieldset class="spans">
      <legend>Charts of the last</legend>
      {SPANS.map((span) => (
        <button
          key={span}
          type="button"
          aria-pressed={span === minutes}
          onClick={() => route(`/?span=${span}`, true)}
        >
          {span} min
        </button>
      ))}
    </fieldset>
  );
}
