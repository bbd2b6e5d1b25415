import { defineJob } from '#drumline';

/** What moody.ts is after its mistake was found. */
export default defineJob({ output: 'long', run: async (jobId) => jobId });
