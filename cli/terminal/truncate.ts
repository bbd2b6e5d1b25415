// Colours are switched on and off by these; they take no room.
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what they begin with
const COLOUR = /\u001b\[[\d;]*m/g;

/** Cuts a screen to the terminal: lines at its width, and the lines before the last ones at its height. */
export function truncate(
  lines: readonly string[],
  last: readonly string[],
  width: number,
  height: number,
): string {
  const room = Math.max(1, height - last.length);
  return [...lines.slice(0, room), ...last].map((line) => truncateMiddle(line, width)).join('\n');
}

/** Cuts a line that may be coloured; all of its colour switches stay, so that none is left on. */
export function truncateMiddle(line: string, width: number): string {
  let left = width;
  const pieces = line.split(COLOUR);
  const switches = line.match(COLOUR) ?? [];
  return pieces
    .map((piece, at) => {
      const shown = [...piece].slice(0, Math.max(0, left)).join('');
      left -= [...piece].length;
      return shown + (switches[at] ?? '');
    })
    .join('');
}
