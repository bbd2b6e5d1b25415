import { defineJob } from '#drumline';

/** A mapping that fits the types of TypeScript, and that Elasticsearch refuses. */
export default defineJob({
  output: { place: { type: 'dense_vector', dims: 100_000 } },
  run: (jobId) => ({ place: [jobId] }),
});
