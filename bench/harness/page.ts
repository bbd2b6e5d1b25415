import { machineText } from '../../cli/runs/machine.ts';
import { counted } from '../../cli/terminal/format.ts';
import { type Align, markdownTable, table } from '../../cli/terminal/table.ts';
import type { Benchmark, Record, Section, Table } from './benchmark.ts';

const INTRODUCTION = `# Benchmarks

This page is generated from [benchmarks.json](benchmarks.json), which holds the figures of the last run of each
benchmark. A figure is the median of all rounds, with the minimum and the maximum in brackets. All systems run on one
machine and share its cores, so compare these figures with each other, not with figures from another machine.
`;

const REPEATING = `## How was it measured, and how do I repeat it?

\`npm run bench\` runs all benchmarks but the longest, \`npm run bench:NAME\` runs one. Each runs on its own local cloud (an emulator of AWS
and Elasticsearch), in its own folder and on free ports. \`--rounds N\` sets the number of rounds; each round measures everything once.
\`--write\` records the figures and renders this page. \`npm run bench -- --help\` lists the benchmarks, \`npm run bench:NAME -- --help\`
the options of one.
`;

/** docs/benchmarks.md: the sections in the order of the benchmarks, then how each was measured. */
export function page(records: readonly Record[], benchmarks: readonly Benchmark[]): string {
  const recorded = benchmarks.flatMap((benchmark) => {
    const record = records.find(({ benchmark: name }) => name === benchmark.name);
    return record ? [{ benchmark, record }] : [];
  });
  const answers = recorded.map(
    ({ benchmark, record }) =>
      `## ${benchmark.question}\n\n${paragraphs(benchmark.section(record.rows), markdownTable, '### ')}\n\n${dateLine(record)}\n`,
  );
  const methods = recorded.map(
    ({ benchmark, record }) =>
      `### ${benchmark.name}\n\n${benchmark.method.trim()}\n\n${circumstances(record)}\n`,
  );
  return [INTRODUCTION, ...answers, REPEATING, ...methods].join('\n');
}

/** A section for the terminal. */
export function sectionText(section: Section): string {
  return paragraphs(section, table, '');
}

function paragraphs(section: Section, render: typeof table, titleMark: string): string {
  return section
    .map((part) => (typeof part === 'string' ? part : tableWith(render, titleMark, part)))
    .join('\n\n');
}

function tableWith(render: typeof table, titleMark: string, { title, heads, rows }: Table): string {
  const aligns = heads.map((_, at): Align => (at === 0 ? 'left' : 'right'));
  const text = render(heads, [...rows], aligns);
  return title === undefined ? text : `${titleMark}${title}\n\n${text}`;
}

function dateLine({ benchmark, date, note }: Record): string {
  return `*Measured on ${date.slice(0, 10)} ([how](#${benchmark})).${note ? ` ${note}` : ''}*`;
}

function circumstances({ command, rounds, date, machine, versions }: Record): string {
  const programs = Object.entries(versions).map(([program, version]) => `${program} ${version}`);
  return [
    `- Command: \`${command}\`, ${counted(rounds, 'round')}, ${date.slice(0, 10)}`,
    `- Machine: ${machineText(machine)}`,
    ...(programs.length > 0 ? [`- Versions: ${programs.join(', ')}`] : []),
  ].join('\n');
}
