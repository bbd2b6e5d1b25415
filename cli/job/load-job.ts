import type { Job } from '../../functions/core/job/job.ts';
import { type Mapping, mappingOf } from '../../functions/core/results/mapping.ts';
import { importJob } from '../../infra-cdk/bundling/describe-job.ts';
import { descriptionOf, type JobDescription, JobError } from '../../infra-cdk/bundling/job-description.ts';
import { CommandError } from '../terminal/errors.ts';

/** A job, and what its deployment needs to know about it. */
export interface LoadedJob extends Omit<JobDescription, 'output'> {
  job: Job;
  mapping: Mapping;
}

/**
 * Imports the job file into this process. Each call loads the file and its imports again, so an edit takes effect.
 * @param jobFile relative to the project folder
 * @throws CommandError `wrong_job` that says where the file is wrong
 */
export async function loadJob(jobFile: string): Promise<LoadedJob> {
  try {
    const job = await importJob(jobFile);
    const { list, output, needs } = descriptionOf(job);
    return { job, list, needs, mapping: mappingOf({ list, output }) };
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    const [first = '', ...others] = error.problems;
    throw new CommandError(
      'wrong_job',
      [`The job in ${jobFile} is wrong: ${first}`, ...others].join('\n'),
      'Correct the job, and run the command again.',
      { cause: error },
    );
  }
}
