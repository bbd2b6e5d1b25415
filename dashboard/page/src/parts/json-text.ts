/** A value as JSON for people, and its beginning if it is long. */
export interface JsonText {
  /** All of it, indented by two spaces. */
  text: string;
  lines: number;
  /** The first lines; absent if the whole is short enough to be shown at once. */
  beginning?: string;
}

/** Longer values are folded. */
const MAX_LINES = 16;
const MAX_CHARACTERS = 2_000;
/** Lines that a folded value shows. */
const SHOWN_LINES = 12;

/** @param value anything that JSON.parse returns; undefined becomes an empty text */
export function jsonText(value: unknown): JsonText {
  const text = JSON.stringify(value, null, 2) ?? '';
  const lines = text.split('\n');
  if (lines.length <= MAX_LINES && text.length <= MAX_CHARACTERS) return { text, lines: lines.length };
  const beginning = lines.slice(0, SHOWN_LINES).join('\n').slice(0, MAX_CHARACTERS);
  return { text, lines: lines.length, beginning };
}
