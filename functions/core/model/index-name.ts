/** The index settings of a run, fixed when the run starts. */
export interface IndexNaming {
  /** The name for searches: the index or, if `monthly`, the alias of all monthly indices. */
  index: string;
  /** Whether each month (UTC) has its own index, so that a whole old month can be closed or deleted. */
  monthly: boolean;
}

/** One index, and its alias if it is a monthly one. */
export interface ResultsIndex {
  name: string;
  alias?: string;
}

/**
 * The index for a tick's documents. It depends on the time when the tick was due and never on the clock, so that a job
 * that is delivered again in the next month finds its document.
 * @param dueAt milliseconds since 1970
 */
export function indexAt({ index, monthly }: IndexNaming, dueAt: number): ResultsIndex {
  if (!monthly) return { name: index };
  const month = new Date(dueAt).toISOString().slice(0, 'yyyy-mm'.length).replace('-', '.');
  return { name: `${index}-${month}`, alias: index };
}

/**
 * The index of dead letters. API keys for `INDEX*` include it. The pattern of monthly indices, `INDEX-*`, does not: its
 * template would add the index to the alias of the results, and dead letters would be counted as results.
 */
export function deadLetterIndexOf(index: string): string {
  return `${index}.dead-letters`;
}
