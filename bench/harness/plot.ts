/** A place in a panel: x and y in the units that the labels of the plot name. A y of NaN leaves a gap in the line. */
export type Point = readonly [x: number, y: number];

export interface Series {
  readonly name: string;
  /** Ordered by x. */
  readonly points: readonly Point[];
  /** Holds each value until the next point instead of drawing a straight line to it. */
  readonly step?: boolean;
}

export interface Panel {
  readonly title: string;
  /** What the y axis shows, with its unit, such as 'jobs' or 'milliseconds'. */
  readonly yLabel: string;
  /** One to seven series, since there are seven colours. */
  readonly series: readonly Series[];
}

export interface Plot {
  readonly title: string;
  /** What the x axis shows, with its unit, such as 'minutes since the start'. */
  readonly xLabel: string;
  /** Drawn above each other; they share the x axis. */
  readonly panels: readonly Panel[];
  /** Drawn as vertical lines through all panels, with the label at the top. */
  readonly events?: readonly { readonly at: number; readonly label: string }[];
}

/** Sizes in pixels. Text is drawn in 11 pixels, where a character of the system's sans-serif font takes about 6.5. */
const SIZE = { width: 860, left: 64, right: 20, panel: 130, gap: 40, line: 13, character: 6.5 };

/**
 * The palette of Okabe and Ito ('Color Universal Design', 2008), which colour-blind people can tell apart, without its
 * yellow, and with darker or lighter shades where a colour would be faint on white or on black. Dashes tell neighbours
 * apart in print.
 */
const COLOURS = [
  { light: '#0072b2', dark: '#56b4e9', dash: '' },
  { light: '#d55e00', dark: '#ff8a3d', dash: '7 3' },
  { light: '#007d5b', dark: '#1fc79a', dash: '2 2' },
  { light: '#b0508a', dark: '#e29cc3', dash: '9 3 2 3' },
  { light: '#b07800', dark: '#f0b73a', dash: '4 4' },
  { light: '#3a87b8', dark: '#a5d8f7', dash: '12 4' },
  { light: '#444444', dark: '#cccccc', dash: '1 3' },
];

const themed = (theme: 'light' | 'dark', page: string, text: string, faint: string) =>
  `.page{fill:${page}}text{fill:${text}}.grid{stroke:${faint}}.event{stroke:${text}}` +
  COLOURS.map((colour, index) => `.s${index}{stroke:${colour[theme]}}`).join('');

const STYLE =
  'text{font:11px system-ui,sans-serif}.title{font-size:14px;font-weight:600}.panel{font-weight:600}' +
  '.line{fill:none;stroke-width:1.8;stroke-linejoin:round}.event{opacity:.45;stroke-dasharray:3 3}' +
  COLOURS.map(({ dash }, index) => (dash ? `.s${index}{stroke-dasharray:${dash}}` : '')).join('') +
  themed('light', '#ffffff', '#24292f', '#d8dee4') +
  `@media(prefers-color-scheme:dark){${themed('dark', '#0d1117', '#e6edf3', '#30363d')}}`;

const escaped = (text: string) =>
  text.replace(
    /[&<>"]/g,
    (found) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[found] ?? found,
  );

/** Rounds to a tenth of a pixel, so that the drawing is the same on each machine and the file is small. */
const pixels = (value: number) => String(Math.round(value * 10) / 10);

/** Round figures (1, 2 or 5 times a power of ten) from the first at or below `low` to the first at or above `high`. */
function ticks(low: number, high: number, count: number): number[] {
  const raw = (high - low || 1) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= raw * 0.999) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

/** Draws time series as the text of an SVG file that is readable on light and on dark pages. The same input gives the same text. */
export function plot({ title, xLabel, panels, events = [] }: Plot): string {
  const points = panels.flatMap((panel) => panel.series.flatMap((series) => series.points));
  const xs = [...points.map(([x]) => x), ...events.map(({ at }) => at)];
  const first = xs.reduce((least, x) => Math.min(least, x), xs[0] ?? 0);
  const high = xs.reduce((most, x) => Math.max(most, x), xs[0] ?? 1);
  // A series that begins slightly after a round figure begins at that figure.
  const [round = first] = ticks(first, high, 10);
  const low = first - round < (high - first) / 50 ? round : first;
  const inner = SIZE.width - SIZE.left - SIZE.right;
  const x = (value: number) => SIZE.left + ((value - low) / (high - low || 1)) * inner;

  const labels = placeLabels(events.map(({ at, label }) => ({ at: x(at), label })));
  const top = 32 + labels.rows * SIZE.line;
  const panelTop = (index: number) => top + 24 + index * (SIZE.panel + SIZE.gap);
  const bottom = panelTop(panels.length - 1) + SIZE.panel;

  const vertical = ticks(low, high, 10).filter((tick) => tick >= low && tick <= high);
  const marks = [
    ...labels.placed.map(
      ({ at, from, row, label }) =>
        `<line class="event" x1="${pixels(at)}" x2="${pixels(at)}" y1="${33 + (row + 0.4) * SIZE.line}" y2="${bottom}"/>` +
        `<text x="${pixels(from)}" y="${32 + (row + 1) * SIZE.line}">${escaped(label)}</text>`,
    ),
    ...panels.map((panel, index) => drawPanel(panel, panelTop(index), x, vertical)),
    ...vertical.map(
      (tick) =>
        `<text x="${pixels(x(tick))}" y="${bottom + 15}" text-anchor="middle">${tick.toLocaleString('en-GB')}</text>`,
    ),
    `<text x="${SIZE.left + inner / 2}" y="${bottom + 32}" text-anchor="middle">${escaped(xLabel)}</text>`,
  ];
  const height = bottom + 44;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${height}" width="${SIZE.width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title><style>${STYLE}</style>`,
    `<rect class="page" width="${SIZE.width}" height="${height}"/>`,
    `<text class="title" x="${SIZE.left}" y="22">${escaped(title)}</text>`,
    ...marks,
    '</svg>\n',
  ].join('\n');
}

/** Puts each label beside its line, in the first row where it does not cover an earlier label. */
function placeLabels(events: readonly { readonly at: number; readonly label: string }[]) {
  const ends: number[] = [];
  const placed = [...events]
    .sort((one, other) => one.at - other.at)
    .map(({ at, label }) => {
      const width = label.length * SIZE.character;
      const from = Math.min(at + 3, SIZE.width - width - 4);
      const free = ends.findIndex((end) => end < from);
      const row = free < 0 ? ends.length : free;
      ends[row] = from + width + 6;
      return { at, from, row, label };
    });
  return { placed, rows: ends.length };
}

function drawPanel(
  panel: Panel,
  top: number,
  x: (value: number) => number,
  vertical: readonly number[],
): string {
  const values = panel.series.flatMap(({ points }) => points.map(([, y]) => y)).filter(Number.isFinite);
  const steps = ticks(
    values.reduce((least, value) => Math.min(least, value), 0),
    values.reduce((most, value) => Math.max(most, value), 0) || 1,
    4,
  );
  const [low = 0] = steps;
  const high = steps[steps.length - 1] ?? 1;
  const y = (value: number) => top + SIZE.panel * (1 - (value - low) / (high - low));
  const right = SIZE.width - SIZE.right;

  let legendAt = right;
  const legend = [...panel.series.entries()].reverse().map(([index, { name }]) => {
    const textAt = legendAt - name.length * SIZE.character;
    legendAt = textAt - 46;
    return (
      `<path class="line s${index}" d="M${textAt - 30} ${top - 12}h25"/>` +
      `<text x="${textAt}" y="${top - 8}">${escaped(name)}</text>`
    );
  });
  return [
    `<text x="${SIZE.left}" y="${top - 8}"><tspan class="panel">${escaped(panel.title)}</tspan> (${escaped(panel.yLabel)})</text>`,
    ...(panel.series.length > 1 ? legend : []),
    ...steps.map(
      (tick) =>
        `<path class="grid" d="M${SIZE.left} ${pixels(y(tick))}H${right}"/>` +
        `<text x="${SIZE.left - 6}" y="${pixels(y(tick) + 4)}" text-anchor="end">${tick.toLocaleString('en-GB')}</text>`,
    ),
    ...vertical.map((tick) => `<path class="grid" d="M${pixels(x(tick))} ${top}v${SIZE.panel}"/>`),
    ...panel.series.map((series, index) => `<path class="line s${index}" d="${pathOf(series, x, y)}"/>`),
  ].join('\n');
}

/** The path of a series. Points inside a level stretch add nothing and are left out. */
function pathOf(
  { points, step }: Series,
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  let drawing = false;
  return points
    .map(([at, value], index) => {
      const level = points[index - 1]?.[1] === value && points[index + 1]?.[1] === value;
      if (!Number.isFinite(value)) drawing = false;
      if (level || !Number.isFinite(value)) return '';
      const start = !drawing;
      drawing = true;
      if (start) return `M${pixels(x(at))} ${pixels(y(value))}`;
      return step ? `H${pixels(x(at))}V${pixels(y(value))}` : `L${pixels(x(at))} ${pixels(y(value))}`;
    })
    .join('');
}
