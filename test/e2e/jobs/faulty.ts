import { defineJob, PermanentError } from '#drumline';

/** Jobs that fail in every possible way. The jobId determines the way. */
export const WAYS = 25;

export default defineJob({
  output: 'long',
  async run(jobId): Promise<unknown> {
    switch (jobId % WAYS) {
      case 0:
        throw new PermanentError('this customer is gone');
      case 1:
        throw new Error('the other side says no');
      case 2:
        return undefined;
      case 3:
        return 'x'.repeat(1_000_000);
      case 4:
        // The index maps outputs as numbers.
        return 'not a number';
      case 5:
        return new Promise(() => {});
      case 6:
        throw 'a string';
      default:
        return jobId * jobId;
    }
  },
});
