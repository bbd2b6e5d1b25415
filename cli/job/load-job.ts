import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { register } from 'tsx/esm/api';
import type { Job } from '../../functions/core/job/job.ts';
import { reasonFrom } from '../../functions/core/model/errors.ts';
import { type Mapping, mappingOf } from '../../functions/core/results/mapping.ts';
import { describeJob } from '../../infra-cdk/bundling/describe-job.ts';
import { descriptionOf, type JobDescription, JobError } from '../../infra-cdk/bundling/job-description.ts';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import { CommandError } from '../terminal/errors.ts';
import { projectFrames } from './project-frames.ts';

/** What the deployment of a job needs to know besides its code. */
export interface DeployableJob extends Omit<JobDescription, 'output'> {
  mapping: Mapping;
}

/** A job that can be run in this process. */
export interface LoadedJob extends DeployableJob {
  job: Job;
}

/** Describes the job as the deployment will. @param jobFile relative to the project folder @throws CommandError `wrong_job` */
export async function readJob(jobFile: string): Promise<DeployableJob> {
  try {
    return deployable(await describeJob(jobFile));
  } catch (error) {
    throw wrongJob(jobFile, error);
  }
}

let imports = 0;

/**
 * Imports the job file into this process, without the bundling of a deployment: a job that imports the AWS SDK then starts
 * a second earlier, and stack traces name lines of the user's files. Each call loads the file and its imports again.
 * @param jobFile relative to the project folder
 * @throws CommandError `wrong_job` that says where the file is wrong
 */
export async function loadJob(jobFile: string): Promise<LoadedJob> {
  const tsx = register({ namespace: `job-${++imports}` });
  try {
    const url = pathToFileURL(resolve(PROJECT, jobFile)).href;
    const { default: job } = (await tsx.import(url, import.meta.url)) as { default: Job };
    return { job, ...deployable(descriptionOf(job)) };
  } catch (error) {
    throw wrongJob(jobFile, error);
  }
}

function deployable({ list, output, needs }: JobDescription): DeployableJob {
  return { list, needs, mapping: mappingOf({ list, output }) };
}

function wrongJob(jobFile: string, error: unknown): CommandError {
  const [at] = projectFrames(error);
  const [first = '', ...others] =
    error instanceof JobError
      ? error.problems
      : [`it cannot be imported: ${reasonFrom(error)}${at ? ` (${at.place})` : ''}`];
  return new CommandError(
    'wrong_job',
    [`The job in ${jobFile} is wrong: ${first}`, ...others].join('\n'),
    'Correct the job, and run the command again.',
    { cause: error },
  );
}
