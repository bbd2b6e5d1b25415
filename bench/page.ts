import { machineText } from '../cli/runs/machine.ts';
import { markdownTable, table } from '../cli/terminal/table.ts';
import { counted } from '../text/format.ts';
import type { Benchmark, Section, SectionTable } from './benchmark.ts';
import type { Chart } from './chart.ts';
import { reach } from './reach.ts';
import type { Record } from './record.ts';

const HEAD = `# Benchmarks

Made by \`npm run bench -- --write\`, which measures and writes this page, its charts and the raw figures
([benchmarks.json](benchmarks.json)); \`npm run bench -- NAME --write\` renews one section. Everything runs on one
machine, on a local cloud of its own. Figures are medians, the least and the most of all rounds in brackets.
They compare with each other, not with figures from another machine.
`;

/** docs/benchmarks.md: what has been measured, in the benchmarks' order. */
export function page(records: readonly Record[], benchmarks: readonly Benchmark[]): string {
  const sections = sectionsOf(records, benchmarks);
  const reached = reach(records);
  return [HEAD, ...(reached === '' ? [] : [`${reached}\n`]), ...sections.map(sectionMarkdown)].join('\n');
}

/** All charts of the page. */
export function chartsOf(records: readonly Record[], benchmarks: readonly Benchmark[]): Chart[] {
  return sectionsOf(records, benchmarks).flatMap(({ section }) => section.charts);
}

/** A section for the terminal. */
export function sectionText({ tables }: Section): string {
  return tables
    .map(({ title, heads, rows, aligns }) => {
      const text = table(heads, rows, aligns);
      return title === undefined ? text : `${title}\n\n${text}`;
    })
    .join('\n\n');
}

interface Made {
  benchmark: Benchmark;
  record: Record;
  section: Section;
}

function sectionsOf(records: readonly Record[], benchmarks: readonly Benchmark[]): Made[] {
  return benchmarks.flatMap((benchmark) => {
    const record = records.find(({ benchmark: name }) => name === benchmark.name);
    return record ? [{ benchmark, record, section: benchmark.section(record.rows) }] : [];
  });
}

function sectionMarkdown({ benchmark, record, section }: Made): string {
  const parts = [
    `## ${benchmark.title}`,
    benchmark.about.trim(),
    ...section.tables.map(tableMarkdown),
    ...section.charts.map(({ name, title }) => `![${title}](benchmarks/${name}.svg)`),
    section.remarks?.trim(),
    circumstances(record),
  ];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

function tableMarkdown({ title, heads, rows, aligns }: SectionTable): string {
  const text = markdownTable(heads, rows, aligns);
  return title === undefined ? text : `### ${title}\n\n${text}`;
}

function circumstances({ command, rounds, date, machine, versions }: Record): string {
  const programs = Object.entries(versions).map(([program, version]) => `${program} ${version}`);
  return [
    `- Command: \`${command}\`, ${counted(rounds, 'round')}, ${date.slice(0, 10)}`,
    `- Machine: ${machineText(machine)}`,
    ...(programs.length > 0 ? [`- Versions: ${programs.join(', ')}`] : []),
  ].join('\n');
}
