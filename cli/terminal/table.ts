import Table from 'cli-table3';

export type Align = 'left' | 'right';

const NO_LINES = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
  ].map((name) => [name, '']),
);

/** Columns side by side, for people: no lines, so that it stays readable when it is narrow or pasted. */
export function table(heads: readonly string[], rows: readonly string[][], aligns: Align[] = []): string {
  const shown = new Table({
    head: [...heads],
    colAligns: heads.map((_, at) => aligns[at] ?? 'left'),
    chars: { ...NO_LINES, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  shown.push(...rows.map((row) => [...row]));
  return trimmed(shown.toString());
}

/** The same as Markdown. */
export function markdownTable(
  heads: readonly string[],
  rows: readonly string[][],
  aligns: Align[] = [],
): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = heads.map((_, at) => (aligns[at] === 'right' ? '---:' : '---'));
  return [line(heads), line(rule), ...rows.map(line)].join('\n');
}

function trimmed(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
