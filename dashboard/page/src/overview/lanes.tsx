import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { onThemeChange } from '../charts/colors.ts';
import { useLive } from '../live/live.tsx';
import { clock, count, counted, elapsed, percent, throughput } from '../text/numbers.ts';
import { ABOVE, BELOW, type Drawing, drawLanes } from './lanes-drawing.ts';
import {
  type Axis,
  batchesEnded,
  boxHeight,
  type Lane,
  laneHeight,
  lanesOf,
  type Place,
  placeAfter,
  placeAt,
  scalingsOf,
  scalingText,
  shortName,
  sumsOf,
  xOf,
} from './lanes-layout.ts';
import './lanes.css';

/** Minutes that the axis may span. */
const SPANS = [2, 5, 10];
const SPAN_KEY = 'drumline-lanes-minutes';

/** The axis moves by a pixel at a time, and at most ten times per second. */
const FASTEST_MS = 100;

/** Rows of the table. */
const TABLE_ROWS = 50;

const SUMMARY_MS = 10_000;

/** One lane per worker with its batches, on a time axis. */
export function Lanes() {
  const { view, batchHistory, batchesVersion, intervalSeconds, connected } = useLive();
  const { route } = useLocation();
  const [minutes, setMinutes] = useState(() => Number(localStorage.getItem(SPAN_KEY)) || 5);
  const [isTable, setTable] = useState(false);
  const now = view?.at ?? 0;
  const windowMs = minutes * 60_000;
  const lanes = useMemo(() => {
    void batchesVersion;
    const { status } = view ?? {};
    return lanesOf({
      ...{ now, windowMs, known: batchHistory.workers(), counted: status?.workers ?? [] },
      ...{ series: view?.history.workers ?? [], allowed: status?.concurrency },
      pending: status && status.enqueued > status.processed + status.failed,
      intervalMs: intervalSeconds * 1_000,
    });
  }, [view, batchesVersion, windowMs, intervalSeconds]);
  const scalings = useMemo(
    () => (view ? scalingsOf(view.history) : []).filter(({ at }) => at > now - windowMs),
    [view, windowMs],
  );
  const openLogs = (lane: Lane) => route(`/logs?worker=${encodeURIComponent(lane.worker)}`);
  const choose = (value: number) => {
    localStorage.setItem(SPAN_KEY, String(value));
    setMinutes(value);
  };
  const summary = summaryOf(lanes, view?.status?.concurrency, now);
  return (
    <section class="card lanes" aria-labelledby="lanes-title">
      <div class="lanes-head">
        <h2 id="lanes-title">Batches by worker</h2>
        <label>
          <span class="visually-hidden">Time span of the lanes</span>
          <select value={minutes} onChange={({ currentTarget }) => choose(Number(currentTarget.value))}>
            {SPANS.map((span) => (
              <option key={span} value={span}>
                {span} min
              </option>
            ))}
          </select>
        </label>
        <button type="button" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
          {isTable ? 'Show as lanes' : 'Show as a table'}
        </button>
      </div>
      <p class="muted">{summary}</p>
      {isTable ? (
        <LaneTable lanes={lanes} from={now - windowMs} to={now} />
      ) : (
        <Plot
          {...{ lanes, scalings, windowMs, now, openLogs }}
          ticks={view?.history.ticks ?? []}
          moving={connected}
        />
      )}
      <p class="visually-hidden">
        {scalings.map((each) => `${clock(each.at)}: ${scalingText(each)}.`).join(' ')}
      </p>
      {batchHistory.truncated && (
        <p class="muted">There are more batches than the dashboard reads, so lanes have gaps.</p>
      )}
    </section>
  );
}

function summaryOf(lanes: Lane[], allowed: number | null | undefined, now: number): string {
  const busy = lanes.filter(({ state }) => state === 'busy');
  if (lanes.length === 0) return 'No worker has been active of late.';
  const all = allowed ?? lanes.filter(({ state }) => state !== 'gone').length;
  const ended = batchesEnded(lanes, now - SUMMARY_MS, now);
  return `${count(busy.length)} of ${counted(all, 'worker')} busy; ${counted(ended, 'batch')} in the last 10 seconds.`.replace(
    'batchs',
    'batches',
  );
}

interface PlotProps {
  lanes: Lane[];
  scalings: ReturnType<typeof scalingsOf>;
  ticks: { tick: number; at: number }[];
  windowMs: number;
  /** The server's time of the last view. */
  now: number;
  /** Whether views arrive, so that the axis moves. */
  moving: boolean;
  openLogs(lane: Lane): void;
}

function Plot(props: PlotProps) {
  const { lanes, windowMs, now, moving, openLogs } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef({ props, skew: 0, width: 0, place: undefined as Place | undefined });
  const [width, setWidth] = useState(0);
  const [place, setPlace] = useState<Place>();
  const height = boxHeight(lanes.length);
  const each = laneHeight(lanes.length);
  const left = each < 20 ? 0 : width < 560 ? 84 : 212;

  useEffect(() => {
    latest.current.skew = now - Date.now();
  }, [now]);
  const axisNow = (): Axis => {
    const { props, skew, width } = latest.current;
    const isMoving = props.moving && !prefersStillness();
    const to = isMoving ? Math.max(props.now, Date.now() + skew) : props.now;
    return { from: to - props.windowMs, to, width: Math.max(1, width - left) };
  };
  const draw = () => {
    if (!canvas.current || !box.current || latest.current.width === 0) return;
    const { lanes, scalings, ticks } = latest.current.props;
    const drawing: Drawing = {
      lanes,
      scalings,
      ticks,
      left,
      height,
      axis: axisNow(),
      scrolled: box.current.scrollTop,
      place: latest.current.place,
    };
    drawLanes(canvas.current, drawing);
  };
  useLayoutEffect(() => {
    Object.assign(latest.current, { props, width, place });
    draw();
  });
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(box.current as HTMLElement);
    return () => observer.disconnect();
  }, []);
  useEffect(() => onThemeChange(() => draw()), [left, height]);
  const frameMs = Math.max(FASTEST_MS, windowMs / Math.max(1, width - left));
  useEffect(
    () =>
      moving && width > 0 && !prefersStillness() ? move(canvas.current as Element, frameMs, draw) : undefined,
    [moving, frameMs, left, height],
  );

  const placeOf = (event: PointerEvent) => {
    const frame = (box.current as HTMLElement).getBoundingClientRect();
    const y = event.clientY - frame.top + (box.current as HTMLElement).scrollTop;
    return placeAt(lanes, axisNow(), event.clientX - frame.left - left, y);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && place) openLogs(lanes[place.lane] as Lane);
    else if (event.key === 'Escape') setPlace(undefined);
    else if (/^(Arrow(Left|Right|Up|Down)|Home|End)$/.test(event.key)) {
      const next = placeAfter(lanes, { from: now - windowMs }, place, event.key);
      setPlace(next);
      if (next) scrollTo(box.current as HTMLElement, next.lane * each, each);
    } else return;
    event.preventDefault();
  };
  const chosen = place && batchText(lanes, place);
  return (
    <div class="lanes-plot" style={{ paddingTop: `${ABOVE}px`, paddingBottom: `${BELOW}px` }}>
      <canvas ref={canvas} />
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset groups controls of a form */}
      <div
        ref={box}
        class={place ? 'lanes-box pointing' : 'lanes-box'}
        style={{ height: `${height}px` }}
        role="group"
        aria-label="Batches by worker. The arrow keys move from batch to batch, Enter opens the worker’s log."
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move within the group
        tabIndex={0}
        onScroll={draw}
        onPointerMove={(event) => setPlace(placeOf(event))}
        onPointerLeave={() => setPlace(undefined)}
        onBlur={() => setPlace(undefined)}
        onClick={(event) => {
          const clicked = placeOf(event as unknown as PointerEvent);
          if (clicked) openLogs(lanes[clicked.lane] as Lane);
        }}
        onKeyDown={onKeyDown}
      >
        <div style={{ height: `${lanes.length * each}px` }}>
          {left > 0 && lanes.map((lane) => <Label key={lane.worker} {...{ lane, left }} />)}
        </div>
      </div>
      {place && chosen && (
        <div class="lanes-tip" style={tipPlace(lanes, place, axisNow(), left, each, box.current)}>
          {chosen.map((line) => (
            <div key={line}>{line}</div>
          ))}
        </div>
      )}
      <div class="visually-hidden" role="status">
        {chosen?.join(', ')}
      </div>
    </div>
  );
}

const STATE_MARK = { busy: '●', idle: '○', gone: '×' } as const;

function Label({ lane: { worker, state, lastAt, jobsPerSecond }, left }: { lane: Lane; left: number }) {
  const words = state === 'gone' ? `gone since ${clock(lastAt)}` : state;
  return (
    <div class={`lanes-label ${state}`} style={{ width: `${left}px` }} title={`${worker}: ${words}`}>
      <span class="mono">{shortName(worker)}</span>
      <span>
        <span aria-hidden="true">{STATE_MARK[state]} </span>
        <span class="lanes-state">{words}</span>
      </span>
      {state === 'busy' && <span class="number">{throughput(jobsPerSecond ?? 0)}</span>}
    </div>
  );
}

/** The place of the words about a batch: below its lane, or above it in the lower half, within the box. */
function tipPlace(
  lanes: Lane[],
  { lane, batch }: Place,
  axis: Axis,
  left: number,
  each: number,
  box: HTMLElement | null,
) {
  const { from = [], to = [] } = lanes[lane]?.batches ?? {};
  const middle = xOf(axis, ((from[batch] ?? 0) + (to[batch] ?? 0)) / 2);
  const top = ABOVE + lane * each - (box?.scrollTop ?? 0);
  const isLow = top > ABOVE + (box?.clientHeight ?? 0) / 2;
  return {
    left: `${left + Math.min(Math.max(middle, 110 - left), axis.width - 110)}px`,
    top: `${isLow ? top - 6 : top + each + 6}px`,
    transform: isLow ? 'translate(-50%, -100%)' : 'translateX(-50%)',
  };
}

/** What there is to say about a batch, in lines. */
function batchText(lanes: Lane[], { lane, batch }: Place): string[] | undefined {
  const { worker, batches } = lanes[lane] ?? {};
  const [from, to] = [batches?.from[batch], batches?.to[batch]];
  if (!batches || from === undefined || to === undefined) return undefined;
  const [failed, tick] = [batches.failed[batch] ?? 0, batches.tick[batch] ?? 0];
  return [
    worker ?? '',
    `${clock(from)}–${clock(to)}, ${elapsed(to - from)}`,
    `${counted(batches.processed[batch] ?? 0, 'job')} processed${failed > 0 ? `, ${count(failed)} failed` : ''}`,
    ...(tick > 0 ? [`Tick ${count(tick)}`] : []),
  ];
}

function scrollTo(box: HTMLElement, top: number, height: number): void {
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + height > box.scrollTop + box.clientHeight) box.scrollTop = top + height - box.clientHeight;
}

function prefersStillness(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** Calls `draw` every `frameMs` while the element is in the window. @returns ends that */
function move(element: Element, frameMs: number, draw: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let frame = 0;
  const stop = () => {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
  };
  const next = () => {
    timer = setTimeout(() => {
      frame = requestAnimationFrame(() => {
        draw();
        next();
      });
    }, frameMs);
  };
  const observer = new IntersectionObserver(([entry]) => {
    stop();
    if (entry?.isIntersecting) next();
  });
  observer.observe(element);
  return () => {
    observer.disconnect();
    stop();
  };
}

function LaneTable({ lanes, from, to }: { lanes: Lane[]; from: number; to: number }) {
  const shown = lanes.slice(0, TABLE_ROWS);
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Worker</th>
            <th>State</th>
            <th class="number">Batches</th>
            <th class="number">Jobs</th>
            <th class="number">Failed</th>
            <th class="number">Busy</th>
            <th>Last batch</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ worker, state, batches }) => {
            const sums = sumsOf(batches, from, to);
            const last = batches.to.at(-1);
            return (
              <tr key={worker}>
                <td>
                  <a href={`/logs?worker=${encodeURIComponent(worker)}`}>{worker}</a>
                </td>
                <td>{state}</td>
                <td class="number">{count(sums.batches)}</td>
                <td class="number">{count(sums.processed)}</td>
                <td class="number">{count(sums.failed)}</td>
                <td class="number">{percent(sums.busy)}</td>
                <td>{last === undefined ? '–' : clock(last)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {lanes.length > shown.length && <p class="muted">And {count(lanes.length - shown.length)} others.</p>}
    </div>
  );
}
