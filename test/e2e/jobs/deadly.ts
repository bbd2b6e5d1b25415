import { defineJob } from '#drumline';

/** Of this number of consecutive jobs, one ends its process, and one blocks its process for ever. */
export const EVERY = 25;
export const ENDS = 3;
export const BLOCKS = 14;

/** Jobs that kill their worker. The jobId determines how. */
export default defineJob({
  output: 'long',
  run(jobId) {
    if (jobId % EVERY === ENDS) process.exit(1);
    while (jobId % EVERY === BLOCKS);
    return jobId;
  },
});
