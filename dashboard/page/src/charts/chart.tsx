import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { clock, minuteOfDay } from '../text/numbers.ts';
import './charts.css';
import { canvasColor, onThemeChange } from './colors.ts';
import { axisEnd, largest, newest, stacked, type TimeWindow, type Values } from './series.ts';

/** One line or area of a chart. */
export interface Series {
  name: string;
  /** A colour of CSS: `var(--series-1)`. */
  color: string;
  values: Values;
}

/** Something that happened, at its place on the time axis. */
export interface Marker {
  /** Milliseconds since 1970. */
  at: number;
  label: string;
  /** What hovering or focusing it shows. */
  text: string;
}

export interface ChartProps {
  title: string;
  /** One line: what the chart is good for. */
  note?: string;
  window: TimeWindow;
  series: Series[];
  /** `areas` are stacked; `steps` keep a value until the next one. */
  kind: 'areas' | 'line' | 'steps';
  /** A value as text with its unit. */
  format(value: number): string;
  /** A value as short text for the axis; `format` if it is absent. */
  formatAxis?(value: number): string;
  /** Values that a logarithmic axis names, ascending; a linear axis from 0 if it is absent. */
  decades?: number[] | undefined;
  /** Steps between two values that a linear axis may name, ascending. */
  steps?: number[];
  /** Ticks of the run, which are marked on the time axis, in milliseconds since 1970. */
  ticks?: number[];
  markers?: Marker[];
  /** Of the plot, in CSS pixels. */
  height?: number;
  /** Whether the head shows the sum of all series. */
  total?: boolean;
  /** The chart in words, for people who do not see it. */
  summary: string;
}

/** Width of the value axis, in CSS pixels: all charts have the same, so that their times are aligned. */
const AXIS_WIDTH = 62;
const RIGHT = 10;
const SYNC = 'overview';

// uPlot is loaded after the first numbers are on the page.
let loading: Promise<typeof uPlot> | undefined;
function loadPlot(): Promise<typeof uPlot> {
  loading ??= import('uplot').then((module) => module.default);
  return loading;
}

/** A chart over time in a card. The cursors of all charts move together. */
export function Chart(props: ChartProps) {
  const { title, note, window, series, format, height = 150, markers = [], summary, kind, total } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const current = useRef(props);
  current.current = props;
  /** Index of the bucket at the cursor; null for none. */
  const [cursor, setCursor] = useState<number | null>(null);
  const data = useMemo(() => dataOf(props), [props.window, props.series, props.decades]);
  const newestData = useRef(data);
  newestData.current = data;

  useEffect(() => {
    let ended = false;
    const ends: (() => void)[] = [];
    void loadPlot().then((Plot) => {
      const element = host.current;
      if (ended || !element) return;
      const options = optionsOf(Plot, current, element.clientWidth, height, setCursor);
      const created = new Plot(options, newestData.current, element);
      plot.current = created;
      const resized = new ResizeObserver(() => created.setSize({ width: element.clientWidth, height }));
      resized.observe(element);
      ends.push(
        () => resized.disconnect(),
        onThemeChange(() => created.redraw(true, true)),
        () => created.destroy(),
      );
    });
    return () => {
      ended = true;
      plot.current = undefined;
      for (const end of ends) end();
    };
  }, [series.length, kind, height, props.decades !== undefined]);
  useEffect(() => plot.current?.setData(data), [data]);

  const sums = useMemo(() => stacked(series.map(({ values }) => values)).at(-1) ?? [], [series]);
  const index = cursor !== null && cursor < window.times.length ? cursor : null;
  const valueAt = (values: Values) => (index === null ? newest(values) : (values[index] ?? null));
  const textOf = (values: Values) => {
    const value = valueAt(values);
    return value === null ? '–' : format(value);
  };
  const time = index === null ? 'now' : clock(window.times[index] ?? 0);
  const spoken = `${time}: ${series.map(({ name, values }) => `${name} ${textOf(values)}`).join(', ')}`;

  return (
    <section class="card chart">
      <div class="chart-head">
        <h2>{title}</h2>
        {(total || series.length === 1) && <strong class="chart-value">{textOf(sums)}</strong>}
        <span class="chart-time muted">{time}</span>
      </div>
      {note && <p class="chart-note muted">{note}</p>}
      <p class="visually-hidden">{summary}</p>
      {/* The cursor is a slider over time: arrow keys move it, and its value is what the chart shows there. */}
      <div
        class="plot"
        style={{ height: `${height}px` }}
        role="slider"
        tabIndex={0}
        aria-label={`${title}: cursor`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, window.times.length - 1)}
        aria-valuenow={index ?? Math.max(0, window.times.length - 1)}
        aria-valuetext={spoken}
        onKeyDown={(event) => {
          const next = indexAfter(event.key, index, window);
          if (next === undefined || !plot.current) return;
          event.preventDefault();
          moveCursor(plot.current, next === null ? undefined : window.times[next]);
        }}
        onBlur={() => plot.current && moveCursor(plot.current, undefined)}
      >
        <div class="canvas" ref={host} />
      </div>
      <div class="markers">
        {markers
          .filter(({ at }) => at >= window.from && at <= window.to)
          .map((marker) => (
            <MarkerButton key={marker.at} marker={marker} window={window} />
          ))}
      </div>
      {series.length > 1 && (
        <ul class="legend">
          {series.map(({ name, color, values }) => (
            <li key={name}>
              <span class="swatch" style={{ background: color }} />
              <span class="series-name" title={name}>
                {name}
              </span>
              <span class="series-value">{textOf(values)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function MarkerButton({
  marker: { at, label, text },
  window: { from, to },
}: {
  marker: Marker;
  window: TimeWindow;
}) {
  const share = (at - from) / (to - from);
  return (
    <button
      type="button"
      aria-label={`${label}, ${clock(at)}: ${text}`}
      class={`marker ${share > 0.5 ? 'at-end' : ''}`}
      style={{ left: `calc(${AXIS_WIDTH}px + (100% - ${AXIS_WIDTH + RIGHT}px) * ${share})` }}
    >
      <span aria-hidden="true">{label}</span>
      <span aria-hidden="true" class="marker-text">
        {clock(at)}: {text}
      </span>
    </button>
  );
}

/** @returns the bucket that a key moves the cursor to; null hides the cursor; undefined for another key */
function indexAfter(
  key: string,
  index: number | null,
  { times, from }: TimeWindow,
): number | null | undefined {
  const last = times.length - 1;
  const first = Math.max(
    0,
    times.findIndex((time) => time >= from),
  );
  switch (key) {
    case 'ArrowLeft':
      return Math.max(first, (index ?? last + 1) - 1);
    case 'ArrowRight':
      return Math.min(last, (index ?? first - 1) + 1);
    case 'Home':
      return first;
    case 'End':
      return last;
    case 'Escape':
      return null;
    default:
      return undefined;
  }
}

/** @param time in milliseconds since 1970; undefined hides the cursor */
function moveCursor(plot: uPlot, time: number | undefined): void {
  const left = time === undefined ? -10 : plot.valToPos(time / 1_000, 'x');
  // The third argument, which its types do not have, moves the cursors of the other charts too.
  const move = plot.setCursor as (at: { left: number; top: number }, fire: boolean, publish: boolean) => void;
  move({ left, top: time === undefined ? -10 : 10 }, true, true);
}

/** What uPlot gets: the times in seconds, and what is drawn, the largest area first. */
function dataOf({ window, series, kind, decades }: ChartProps): uPlot.AlignedData {
  const values = series.map((each) => each.values);
  const drawn = kind === 'areas' ? stacked(values).reverse() : values;
  const scaled = decades
    ? drawn.map((each) => each.map((value) => value && Math.log10(Math.max(1, value))))
    : drawn;
  return [window.times.map((time) => time / 1_000), ...scaled] as uPlot.AlignedData;
}

function optionsOf(
  Plot: typeof uPlot,
  current: { current: ChartProps },
  width: number,
  height: number,
  onCursor: (index: number | null) => void,
): uPlot.Options {
  const { series, kind, steps, decades } = current.current;
  const axis = (): uPlot.Axis => ({
    stroke: () => canvasColor('var(--muted)'),
    grid: { stroke: () => canvasColor('var(--line)'), width: 1 },
    ticks: { stroke: () => canvasColor('var(--line)'), width: 1, size: 4 },
    font: '12px system-ui, sans-serif',
  });
  // Areas are drawn from the top of the stack down.
  const colorAt = (index: number) => {
    const all = current.current.series;
    return all[kind === 'areas' ? all.length - index : index - 1]?.color ?? 'var(--muted)';
  };
  const linePath = kind === 'steps' ? Plot.paths.stepped?.({ align: 1 }) : Plot.paths.linear?.();
  // The incomplete bucket is drawn apart, and dashed.
  const complete: uPlot.Series.PathBuilder = (plot, index, from, to) =>
    linePath?.(plot, index, from, Math.min(to, plot.data[0].length - 2)) ?? null;
  return {
    width,
    height,
    padding: [10, RIGHT, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false, setScale: false },
      sync: { key: SYNC, scales: ['x', null], setSeries: false },
      points: {
        size: 7,
        stroke: (_, index) => canvasColor(colorAt(index)),
        fill: (_, index) => canvasColor(colorAt(index)),
      },
    },
    scales: {
      x: { range: () => [current.current.window.from / 1_000, current.current.window.to / 1_000] },
      y: {
        range: () => {
          const { decades, series, kind } = current.current;
          if (decades) return [Math.log10(decades[0] ?? 1), Math.log10(decades.at(-1) ?? 10)];
          const values = series.map((each) => each.values);
          return [0, axisEnd(largest(kind === 'areas' ? stacked(values) : values))];
        },
      },
    },
    axes: [
      {
        ...axis(),
        size: 30,
        space: 56,
        grid: { show: false },
        values: (plot, splits, __, ___, step) =>
          splits.map((seconds) => {
            const room = plot.bbox.width / devicePixelRatio - plot.valToPos(seconds, 'x') + RIGHT;
            // A time at the right edge would be cut off.
            if (room < (step < 60 ? 28 : 18)) return null;
            return step < 60 ? clock(seconds * 1_000) : minuteOfDay(seconds * 1_000);
          }),
      },
      {
        ...axis(),
        size: AXIS_WIDTH,
        space: 28,
        ...(steps && { incrs: steps }),
        ...(decades && { splits: () => (current.current.decades ?? []).map((value) => Math.log10(value)) }),
        values: (_, splits) => {
          const { decades, format, formatAxis = format } = current.current;
          return splits.map((value) => formatAxis(decades ? Math.round(10 ** value) : value));
        },
      },
    ],
    series: [
      {},
      ...series.map((_, offset): uPlot.Series => {
        const color = () => canvasColor(colorAt(offset + 1));
        const softer = () =>
          canvasColor(
            `color-mix(in srgb, ${colorAt(offset + 1)} ${kind === 'areas' ? 62 : 14}%, var(--card))`,
          );
        return {
          stroke: color,
          width: kind === 'areas' ? 1 : 2,
          fill: softer,
          points: { show: false },
          paths: complete,
          spanGaps: false,
        };
      }),
    ],
    hooks: {
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
      drawAxes: [(plot) => drawTicks(plot, current.current.ticks ?? [])],
      drawSeries: [(plot, index) => drawIncomplete(plot, index, colorAt(index), kind)],
    },
  };
}

/** Draws what the incomplete bucket has so far: dashed, and its area pale. */
function drawIncomplete(plot: uPlot, index: number, color: string, kind: ChartProps['kind']): void {
  const [times, values] = [plot.data[0], plot.data[index]];
  const last = times.length - 1;
  const [from, to] = [values?.[last - 1], values?.[last]];
  if (!values || to == null) return;
  const { ctx } = plot;
  const x = (at: number) => plot.valToPos(times[at] ?? 0, 'x', true);
  const y = (value: number) => plot.valToPos(value, 'y', true);
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  if (from == null) {
    ctx.fillStyle = canvasColor(color);
    ctx.arc(x(last), y(to), 2.5 * ratio, 0, 2 * Math.PI);
    ctx.fill();
    ctx.restore();
    return;
  }
  const line = new Path2D();
  line.moveTo(x(last - 1), y(from));
  if (kind === 'steps') line.lineTo(x(last), y(from));
  line.lineTo(x(last), y(to));
  if (kind === 'areas') {
    const area = new Path2D(line);
    area.lineTo(x(last), plot.bbox.top + plot.bbox.height);
    area.lineTo(x(last - 1), plot.bbox.top + plot.bbox.height);
    ctx.fillStyle = canvasColor(`color-mix(in srgb, ${color} 22%, var(--card))`);
    ctx.fill(area);
  }
  ctx.strokeStyle = canvasColor(color);
  ctx.lineWidth = (kind === 'areas' ? 1 : 2) * ratio;
  ctx.setLineDash([4 * ratio, 3 * ratio]);
  ctx.stroke(line);
  ctx.restore();
}

/** Marks the ticks by a triangle on the time axis and a line above it. */
function drawTicks(plot: uPlot, ticks: number[]): void {
  const { ctx, bbox } = plot;
  const bottom = bbox.top + bbox.height;
  const size = 4 * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = canvasColor('var(--muted)');
  ctx.strokeStyle = canvasColor('color-mix(in srgb, var(--muted) 45%, transparent)');
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const at of ticks) {
    const x = Math.round(plot.valToPos(at / 1_000, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bottom);
    ctx.lineTo(x, bbox.top);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x - size, bottom);
    ctx.lineTo(x + size, bottom);
    ctx.lineTo(x, bottom - 1.6 * size);
    ctx.fill();
  }
  ctx.restore();
}
