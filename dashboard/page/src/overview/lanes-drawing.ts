import { canvasColor } from '../charts/colors.ts';
import { minuteOfDay, clock as secondOfDay } from '../text/numbers.ts';
import {
  type Axis,
  forEachBar,
  type Lane,
  laneHeight,
  type Place,
  type Scaling,
  scalingText,
  timesOf,
  xOf,
} from './lanes-layout.ts';

/** Height of the labels above the lanes, and of the time axis below them, in CSS pixels. */
export const ABOVE = 18;
export const BELOW = 20;

/** Series with a colour of their own: --series-1 and so on. */
const COLORS = 8;

/** What is drawn. Lengths are CSS pixels. */
export interface Drawing {
  lanes: readonly Lane[];
  axis: Axis;
  /** Width of the workers' names, left of the axis. */
  left: number;
  /** Height of the box of the lanes, and how far it is scrolled. */
  height: number;
  scrolled: number;
  scalings: readonly Scaling[];
  ticks: readonly { tick: number; at: number }[];
  place: Place | undefined;
}

/** Draws the lanes that are visible, the changes of the number of workers, the ticks, and the time axis. */
export function drawLanes(canvas: HTMLCanvasElement, drawing: Drawing): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const { left, axis, height } = drawing;
  const [width, whole] = [left + axis.width, ABOVE + height + BELOW];
  const ratio = window.devicePixelRatio;
  const [pixelsAcross, pixelsDown] = [Math.round(width * ratio), Math.round(whole * ratio)];
  if (canvas.width !== pixelsAcross) canvas.width = pixelsAcross;
  if (canvas.height !== pixelsDown) canvas.height = pixelsDown;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, whole);
  context.font = `11px ${getComputedStyle(canvas).fontFamily}`;
  context.textBaseline = 'middle';
  context.translate(left, 0);
  drawTimes(context, drawing);
  context.save();
  context.beginPath();
  context.rect(0, ABOVE, axis.width, height);
  context.clip();
  context.translate(0, ABOVE - drawing.scrolled);
  drawBars(context, drawing);
  context.restore();
  drawTicks(context, drawing);
  drawScalings(context, drawing);
}

function drawBars(
  context: CanvasRenderingContext2D,
  { lanes, axis, height, scrolled, place }: Drawing,
): void {
  const each = laneHeight(lanes.length);
  const thick = each >= 20 ? 14 : each - (each > 4 ? 2 : 1);
  const colors = Array.from({ length: COLORS }, (_, series) => canvasColor(`var(--series-${series + 1})`));
  const [rest, bad, line] = [
    canvasColor('var(--series-rest)'),
    canvasColor('var(--bad)'),
    canvasColor('var(--line)'),
  ];
  const first = Math.floor(scrolled / each);
  const last = Math.min(lanes.length, Math.ceil((scrolled + height) / each));
  for (let index = first; index < last; index++) {
    const { batches, series, state, lastAt } = lanes[index] as Lane;
    const top = index * each + (each - thick) / 2;
    if (each >= 8) {
      context.fillStyle = line;
      context.fillRect(0, index * each + each / 2 - 0.5, axis.width, 1);
    }
    const color = colors[series] ?? rest;
    context.fillStyle = color;
    const failures: number[] = [];
    forEachBar(batches, axis, (from, to, hasFailed) => {
      // A gap separates two batches that follow each other.
      context.fillRect(from, top, Math.max(1, to - from - (to - from > 4 ? 1 : 0)), thick);
      if (hasFailed) failures.push(from, to);
    });
    if (state === 'busy') {
      // The batch that the worker is doing: nobody knows its end yet.
      const from = Math.max(0, xOf(axis, batches.to.at(-1) ?? lastAt));
      context.globalAlpha = 0.28;
      context.fillRect(from, top, Math.max(0, axis.width - from), thick);
      context.globalAlpha = 1;
    }
    context.fillStyle = bad;
    for (let at = 0; at < failures.length; at += 2)
      drawFailure(context, failures[at] as number, failures[at + 1] as number, index * each, each);
  }
  if (place) drawPlace(context, lanes, axis, place, each);
}

/** A notch at the top of the bar, and a line below it: a shape that no other bar has. */
function drawFailure(
  context: CanvasRenderingContext2D,
  from: number,
  to: number,
  top: number,
  height: number,
): void {
  if (height < 8) {
    context.fillRect(from, top, Math.max(2, to - from), height);
    return;
  }
  const [middle, half] = [(from + to) / 2, height >= 20 ? 4 : 2.5];
  context.fillRect(from, top + height - 3, Math.max(2, to - from - 1), 2);
  context.beginPath();
  context.moveTo(middle - half, top + 1);
  context.lineTo(middle + half, top + 1);
  context.lineTo(middle, top + 1 + half * 1.6);
  context.fill();
}

function drawPlace(
  context: CanvasRenderingContext2D,
  lanes: readonly Lane[],
  axis: Axis,
  { lane, batch }: Place,
  height: number,
): void {
  const batches = lanes[lane]?.batches;
  const [from, to] = [batches?.from[batch], batches?.to[batch]];
  if (from === undefined || to === undefined) return;
  const [left, right] = [xOf(axis, from), xOf(axis, to)];
  context.strokeStyle = canvasColor('var(--text)');
  context.lineWidth = 1.5;
  context.strokeRect(left - 1, lane * height + 1, Math.max(3, right - left + 1), height - 2);
}

function drawTimes(context: CanvasRenderingContext2D, { axis, height }: Drawing): void {
  const bottom = ABOVE + height;
  const times = timesOf(axis);
  const hasSeconds = (times[1] ?? 0) - (times[0] ?? 0) < 60_000;
  for (const at of times) {
    const x = xOf(axis, at);
    context.fillStyle = canvasColor('var(--line)');
    context.fillRect(x, ABOVE, 1, height + 4);
    const text = hasSeconds ? secondOfDay(at) : minuteOfDay(at);
    const width = context.measureText(text).width;
    context.fillStyle = canvasColor('var(--muted)');
    if (x - width / 2 >= -8 && x + width / 2 <= axis.width)
      context.fillText(text, x - width / 2, bottom + BELOW / 2 + 2);
  }
}

/** A tick is a dotted line with a triangle at the axis. */
function drawTicks(context: CanvasRenderingContext2D, { axis, height, ticks }: Drawing): void {
  context.strokeStyle = context.fillStyle = canvasColor('var(--muted)');
  context.lineWidth = 1;
  context.setLineDash([1, 3]);
  for (const { at } of ticks) {
    if (at < axis.from || at > axis.to) continue;
    const x = xOf(axis, at);
    context.beginPath();
    context.moveTo(x, ABOVE);
    context.lineTo(x, ABOVE + height);
    context.stroke();
    context.beginPath();
    context.moveTo(x, ABOVE + height - 5);
    context.lineTo(x + 4, ABOVE + height + 2);
    context.lineTo(x - 4, ABOVE + height + 2);
    context.fill();
  }
  context.setLineDash([]);
}

function drawScalings(context: CanvasRenderingContext2D, { axis, height, scalings }: Drawing): void {
  let free = 0;
  for (const scaling of scalings) {
    if (scaling.at < axis.from || scaling.at > axis.to) continue;
    const x = xOf(axis, scaling.at);
    context.fillStyle = canvasColor('var(--text)');
    context.fillRect(x - 0.75, 4, 1.5, ABOVE - 4 + height);
    const text = scalingText(scaling);
    const width = context.measureText(text).width;
    const isLeft = x + 5 + width > axis.width;
    const from = isLeft ? x - 5 - width : x + 5;
    if (from < free) continue;
    context.fillText(text, from, ABOVE / 2);
    free = from + width + 8;
  }
}
