import Table from 'cli-table3';

export type Align = 'left' | 'right';

const NO_BORDERS = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
  ].map((name) => [name, '']),
);

/** A table for people. It has no borders, so that it stays readable when it is narrow or pasted. */
export function table(heads: readonly string[], rows: readonly string[][], aligns: Align[] = []): string {
  const shown = new Table({
    head: [...heads],
    colAligns: heads.map((_, at) => aligns[at] ?? 'left'),
    chars: { ...NO_BORDERS, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  shown.push(...rows.map((row) => [...row]));
  return shown.toString().replaceAll(/ +$/gm, '');
}

/** A table in Markdown. */
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
