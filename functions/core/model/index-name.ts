/** Where a run's documents go, fixed when it starts. */
export interface IndexNaming {
  /** What searches name: the index, or with one a month the alias of them all. */
  index: string;
  /** Whether each month that ticks are due in has an index of its own, so that old ones can be closed or removed whole. */
  monthly: boolean;
}

/** One index of documents, and the alias that searches find it by, if it is one of several. */
export interface ResultsIndex {
  name: string;
  alias?: string;
}

/**
 * The index of a tick's documents. It follows from when the tick was due, in UTC, and never from the clock: a job that
 * is delivered again after the turn of a month has to meet its own document.
 * @param dueAt milliseconds since 1970
 */
export function indexAt({ index, monthly }: IndexNaming, dueAt: number): ResultsIndex {
  if (!monthly) return { name: index };
  const month = new Date(dueAt).toISOString().slice(0, 'yyyy-mm'.length).replace('-', '.');
  return { name: `${index}-${month}`, alias: index };
}
