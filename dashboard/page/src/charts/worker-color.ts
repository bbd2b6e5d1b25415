/** The colour of a worker in charts and lanes. @param workers those with a series of their own (`History.workers`) */
export function colorOfWorker(workers: readonly string[], worker: string): string {
  const index = workers.indexOf(worker);
  return index < 0 ? 'var(--series-rest)' : `var(--series-${index + 1})`;
}
