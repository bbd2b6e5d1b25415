import { setTimeout } from 'node:timers/promises';
import { defineJob, PermanentError } from '#drumline';

/** Every so many jobs, one fails. */
export const FAILS_EVERY = 400;

export default defineJob({
  output: 'long',
  async run(jobId) {
    await setTimeout(100);
    if (jobId % FAILS_EVERY === 0) throw new PermanentError('this customer has no address');
    return jobId;
  },
});
