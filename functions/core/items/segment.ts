import { createHash } from 'node:crypto';
import { reasonFrom } from '../model/errors.ts';
import { type ItemEntry, jsonProblem } from '../model/item.ts';
import type { Pass } from '../model/pass.ts';

/**
 * Most items and bytes of a segment. A worker reads a whole segment with one request, so larger segments cost less to write
 * and more to read. Ten messages of 50 jobs fit into one segment. For a million items, segments of 500 cost 0.0125 dollars
 * and segments of 50 ten times as much. Larger segments save less than a cent, and a batch whose messages lie in ten
 * segments would read 2 MB and more instead of 1 MB (docs/benchmarks.md).
 */
export const SEGMENT_LIMIT = { count: 500, bytes: 1_000_000 };

/** An item as a line of a segment, and why it cannot be stored, if it cannot. */
export interface Line {
  text: string;
  problem?: string;
}

/** Writes an item as a line. An item that cannot be stored becomes a line with the reason. Never throws. */
export function toLine(item: unknown): Line {
  const problem = jsonProblem('item', item);
  if (problem === undefined) return { text: `{"item":${JSON.stringify(item)}}` };
  const reason = reasonFrom(new Error(problem));
  return { text: JSON.stringify({ problem: reason } satisfies ItemEntry), problem: reason };
}

/** Reads a line. */
export function parseLine(line: string): ItemEntry {
  return JSON.parse(line) as ItemEntry;
}

/**
 * The key of a segment's object. It follows from the content, so an object is never replaced by another one, and an
 * unchanged list is stored once. The bucket keeps objects of shared passes for longer.
 */
export function segmentKey({ shared }: Pick<Pass, 'shared'>, body: string): string {
  return `${shared ? 'shared' : 'once'}/${createHash('sha256').update(body).digest('hex')}`;
}
