/** What one request takes. */
export interface RequestLimit {
  /** Entries. */
  count: number;
  /** Bytes of all entries together. */
  bytes: number;
}

/**
 * Splits entries into requests, in their order, each as full as its limit allows. An entry that is larger than the limit
 * goes alone.
 * @param bytesOf an entry's size, in bytes
 */
export function chunk<T>(entries: readonly T[], limit: RequestLimit, bytesOf: (entry: T) => number): T[][] {
  const chunks: T[][] = [];
  let current: T[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = bytesOf(entry);
    if (current.length > 0 && (current.length === limit.count || bytes + size > limit.bytes)) {
      chunks.push(current);
      current = [];
      bytes = 0;
    }
    current.push(entry);
    bytes += size;
  }
  return current.length > 0 ? [...chunks, current] : chunks;
}
