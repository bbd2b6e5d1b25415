/** Jobs that take their worker along, each in its own way; which follows from the jobId. */
export function input(jobId: number): number {
  return jobId;
}

/** Of so many jobs in a row one ends its process, and one never lets go of it. */
export const EVERY = 25;
export const ENDS = 3;
export const BLOCKS = 14;

export async function work(jobId: number): Promise<number> {
  if (jobId % EVERY === ENDS) process.exit(1);
  while (jobId % EVERY === BLOCKS);
  return jobId;
}
