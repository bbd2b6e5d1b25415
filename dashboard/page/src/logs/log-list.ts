import type { Line } from '../../../protocol.ts';

/** Lines that the page keeps. */
export const KEPT_LINES = 5_000;

/** Lines that are drawn, and forgotten, together. */
export const CHUNK_LINES = 100;

export interface Chunk {
  key: string;
  lines: readonly Line[];
}

/** The lines that a page has received. */
export interface LogList {
  /** What is shown, the oldest first. A chunk that did not change is the same object. */
  chunks: readonly Chunk[];
  /** How many lines these are. */
  count: number;
  /** Whether new lines are shown at once. Otherwise they are held apart, so that nothing moves while somebody reads. */
  isFollowing: boolean;
  /** New lines that are not shown yet. */
  held: readonly Line[];
  /** How many new lines there were since, also those that were forgotten. */
  heldCount: number;
  /** Whether the server has sent lines, or that there are none. */
  hasAnswer: boolean;
}

export const EMPTY_LIST: LogList = {
  ...{ chunks: [], count: 0, isFollowing: true, held: [], heldCount: 0, hasAnswer: false },
};

export type LogAction =
  /** @param isFirst whether it is the first event of a connection, which repeats known lines */
  | { type: 'received'; lines: readonly Line[]; isFirst: boolean }
  | { type: 'hold' }
  | { type: 'follow' }
  | { type: 'clear' };

export function reduceList(list: LogList, action: LogAction): LogList {
  if (action.type === 'received') return received(list, action.lines, action.isFirst);
  if (action.type === 'hold') return { ...list, isFollowing: false };
  if (action.type === 'clear') return EMPTY_LIST;
  return { ...appended(list, list.held), isFollowing: true, held: [], heldCount: 0 };
}

function received(list: LogList, lines: readonly Line[], isFirst: boolean): LogList {
  const answered = { ...list, hasAnswer: true };
  if (isFirst) {
    const last = list.held.at(-1) ?? list.chunks.at(-1)?.lines.at(-1);
    const known = last ? lines.findIndex((line) => isSame(line, last)) : -1;
    // The server was started again, or the page was away for so long that lines are missing.
    if (known < 0) return { ...appended(EMPTY_LIST, lines), hasAnswer: true, isFollowing: list.isFollowing };
    return added(answered, lines.slice(known + 1));
  }
  return added(answered, lines);
}

function added(list: LogList, lines: readonly Line[]): LogList {
  if (list.isFollowing) return appended(list, lines);
  const held = [...list.held, ...lines].slice(-KEPT_LINES);
  return { ...list, held, heldCount: list.heldCount + lines.length };
}

function appended(list: LogList, lines: readonly Line[]): LogList {
  if (lines.length === 0) return list;
  const last = list.chunks.at(-1);
  const isOpen = last !== undefined && last.lines.length < CHUNK_LINES;
  const kept = isOpen ? list.chunks.slice(0, -1) : list.chunks;
  const start = isOpen ? last.lines : [];
  return trimmed({
    ...list,
    chunks: [...kept, ...chunksOf([...start, ...lines])],
    count: list.count + lines.length,
  });
}

/** Forgets whole chunks, so that the others do not change. */
function trimmed(list: LogList): LogList {
  let { count } = list;
  let first = 0;
  while (count - (list.chunks[first]?.lines.length ?? count) >= KEPT_LINES) {
    count -= list.chunks[first]?.lines.length ?? 0;
    first++;
  }
  return first === 0 ? list : { ...list, chunks: list.chunks.slice(first), count };
}

function chunksOf(lines: readonly Line[]): Chunk[] {
  return Array.from({ length: Math.ceil(lines.length / CHUNK_LINES) }, (_, index) => {
    const own = lines.slice(index * CHUNK_LINES, (index + 1) * CHUNK_LINES);
    return { key: `${own[0]?.id} ${own[0]?.time}`, lines: own };
  });
}

/** A server that was started again gives the same ids to other lines. */
function isSame(one: Line, other: Line): boolean {
  return one.id === other.id && one.time === other.time && one.message === other.message;
}
