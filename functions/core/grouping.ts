/** Groups entries by a key. Groups and their entries keep the order of the list. (`Map.groupBy` needs Node 21.) */
export function groupBy<T, Key>(entries: readonly T[], keyOf: (entry: T) => Key): Map<Key, T[]> {
  const groups = new Map<Key, T[]>();
  for (const entry of entries) {
    const key = keyOf(entry);
    const group = groups.get(key);
    if (group) group.push(entry);
    else groups.set(key, [entry]);
  }
  return groups;
}

/** The most that one request may contain. */
export interface RequestLimit {
  /** Entries. */
  count: number;
  /** Bytes of all entries together; unlimited by default. */
  bytes?: number;
}

/**
 * Splits entries into requests, in order, each as full as the limit allows. An entry larger than the limit gets a
 * request to itself.
 * @param bytesOf an entry's size in bytes
 */
export function chunk<T>(
  entries: readonly T[],
  { count, bytes: maxBytes = Number.POSITIVE_INFINITY }: RequestLimit,
  bytesOf: (entry: T) => number = () => 0,
): T[][] {
  const chunks: T[][] = [];
  let current: T[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = bytesOf(entry);
    if (current.length > 0 && (current.length === count || bytes + size > maxBytes)) {
      chunks.push(current);
      current = [];
      bytes = 0;
    }
    current.push(entry);
    bytes += size;
  }
  return current.length > 0 ? [...chunks, current] : chunks;
}
