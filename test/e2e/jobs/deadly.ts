/** Jobs that kill their worker. The jobId determines how. */
export function input(jobId: number): number {
  return jobId;
}

/** Of this number of consecutive jobs, one ends its process, and one blocks its process for ever. */
export const EVERY = 25;
export const ENDS = 3;
export const BLOCKS = 14;

export async function work(jobId: number): Promise<number> {
  if (jobId % EVERY === ENDS) process.exit(1);
  while (jobId % EVERY === BLOCKS);
  return jobId;
}
