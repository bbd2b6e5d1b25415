import { init } from 'echarts';
import type { Figure } from './figure.ts';

/** A picture of figures; a Figure is drawn by its median. */
export interface Chart {
  /** The file's name, without its ending; it begins with the benchmark's name. */
  readonly name: string;
  readonly title: string;
  readonly kind: 'bars' | 'lines';
  readonly x: { readonly title: string; readonly values: readonly string[] };
  readonly y: { readonly title: string; readonly logarithmic?: boolean };
  /** One value for each x; null where there is none. */
  readonly series: readonly {
    readonly name: string;
    readonly values: readonly (Figure | number | null)[];
  }[];
}

const WIDTH = 760;
const HEIGHT = 380;

/** The chart as SVG: a picture without script or style, the same bytes for the same figures. */
export function svg({ title, kind, x, y, series }: Chart): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  try {
    chart.setOption({
      animation: false,
      // Readable on a page of any colour.
      backgroundColor: '#ffffff',
      textStyle: { fontFamily: 'sans-serif' },
      title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
      legend: { bottom: 0, silent: true },
      grid: { left: 16, right: 24, top: 56, bottom: 64, containLabel: true },
      xAxis: { type: 'category', data: [...x.values], name: x.title, nameLocation: 'middle', nameGap: 28 },
      yAxis: { type: y.logarithmic ? 'log' : 'value', name: y.title, nameTextStyle: { align: 'left' } },
      series: series.map(({ name, values }) => ({
        name,
        type: kind === 'bars' ? 'bar' : 'line',
        data: values.map((value) => (typeof value === 'object' ? (value?.median ?? null) : value)),
        silent: true,
      })),
    });
    return withoutHover(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

/** ECharts numbers the classes of its hover styles through the life of the process; a picture needs none. */
function withoutHover(text: string): string {
  return `${text.replaceAll(/<style[\s\S]*?<\/style>\n*/g, '').replaceAll(/ class="zr[^"]*"/g, '')}\n`;
}
