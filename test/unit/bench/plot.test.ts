import { expect, test } from 'vitest';
import { plot } from '../../../bench/harness/plot.ts';

const svg = plot({
  title: 'Load & <time>',
  xLabel: 'minutes',
  panels: [
    {
      title: 'Workers',
      yLabel: 'workers',
      series: [
        {
          name: 'a',
          step: true,
          points: [
            [0, 0],
            [1, 0],
            [2, 0],
            [10, 4],
          ],
        },
      ],
    },
    {
      title: 'Backlog',
      yLabel: 'jobs',
      series: [
        {
          name: 'one',
          points: [
            [0, 1],
            [5, NaN],
            [6, 8],
            [10, 1_000],
          ],
        },
        { name: 'two', points: [[0, 3]] },
      ],
    },
  ],
  events: [
    { at: 5, label: 'restart' },
    { at: 5.1, label: 'kill' },
  ],
});
const paths = [...svg.matchAll(/<path class="line s\d" d="(M64[^"]*)"/g)].map(([, path]) => path);

test('a step series holds its value, a gap breaks a line, and points inside a level stretch are left out', () => {
  expect(paths).toEqual(['M64 212H219.2V212H840V82', 'M64 381.9M529.6 381L840 252', 'M64 381.6']);
});

test('labels that would cover each other take rows of their own, and text is escaped', () => {
  expect(svg).toContain('Load &amp; &lt;time&gt;');
  const rows = ['restart', 'kill'].map((label) => new RegExp(`y="(\\d+)">${label}<`).exec(svg)?.[1]);
  expect(rows).toEqual(['45', '58']);
  expect(svg).toContain('1,000</text>');
});

test('a plot without points or events is still drawn', () => {
  expect(
    plot({ title: 'Nothing', xLabel: 'x', panels: [{ title: 'None', yLabel: 'y', series: [] }] }),
  ).not.toContain('NaN');
});
