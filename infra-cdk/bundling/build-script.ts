import { type Bundle, bundleFunctions, type FunctionName } from './bundle-functions.ts';
import { describeJob } from './describe-job.ts';
import { type JobDescription, JobError } from './job-description.ts';

/** What this script writes to its standard output, as JSON. */
export type Built =
  | { bundles: Record<FunctionName, Bundle>; job: JobDescription }
  /** What is wrong with the job file. */
  | { problems: readonly string[] };

const write = process.stdout.write.bind(process.stdout);
// What the job prints when it is imported must not mix with the JSON.
process.stdout.write = process.stderr.write.bind(process.stderr);

const jobFile = process.argv[2] ?? '';
const built = await Promise.all([describeJob(jobFile), bundleFunctions(jobFile)]).then(
  ([job, bundles]): Built => ({ bundles, job }),
  (error): Built => {
    if (error instanceof JobError) return { problems: error.problems };
    throw error;
  },
);
// A job that opens connections when it is imported would keep the process alive.
write(JSON.stringify(built), () => process.exit());
