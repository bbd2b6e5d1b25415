import { setTimeout as wait } from 'node:timers/promises';
import { defineJob } from '#drumline';

/**
 * Your job. This is the only file that you have to edit. The job below simulates work: it waits, and squares the jobId.
 * examples/ has complete jobs over lists.
 */
export default defineJob({
  output: 'long',
  async run(jobId, { signal }) {
    // Simulates the I/O of a real job. Set it at deployment: `-c workMs=100`.
    const workMs = Number(process.env.DRUMLINE_WORK_MS ?? 0);
    if (workMs > 0) await wait(workMs, undefined, { signal });
    return jobId * jobId;
  },
});
