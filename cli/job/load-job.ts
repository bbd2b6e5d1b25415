import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { register } from 'tsx/esm/api';
import type { Job } from '../../functions/core/job/job.ts';
import { reasonFrom } from '../../functions/core/model/errors.ts';
import { type Mapping, mappingOf } from '../../functions/core/results/mapping.ts';
import { descriptionOf, type JobDescription, JobError } from '../../infra-cdk/bundling/job-description.ts';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import { CommandError } from '../terminal/errors.ts';
import { projectFrames } from './project-frames.ts';

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
    const job = await importFresh(jobFile);
    const { list, output, needs } = descriptionOf(job);
    return { job, list, needs, mapping: mappingOf({ list, output }) };
  } catch (error) {
    const [first = '', ...others] = error instanceof JobError ? error.problems : [importProblem(error)];
    throw new CommandError(
      'wrong_job',
      [`The job in ${jobFile} is wrong: ${first}`, ...others].join('\n'),
      'Correct the job, and run the command again.',
      { cause: error },
    );
  }
}

let imports = 0;

/**
 * Without bundling, as opposed to a deployment: a job that imports the AWS SDK then starts a second earlier, and stack
 * traces name lines of the user's files.
 */
async function importFresh(jobFile: string): Promise<Job> {
  const file = resolve(PROJECT, jobFile);
  if (relative(PROJECT, file).startsWith('..')) {
    // Only the bundling finds #drumline from another folder.
    const { importJob } = await import('../../infra-cdk/bundling/describe-job.ts');
    return importJob(file);
  }
  const tsx = register({ namespace: `job-${++imports}` });
  const module = (await tsx.import(pathToFileURL(file).href, import.meta.url)) as { default: Job };
  return module.default;
}

function importProblem(error: unknown): string {
  const [at] = projectFrames(error);
  return `it cannot be imported: ${reasonFrom(error)}${at ? ` (${at.place})` : ''}`;
}
