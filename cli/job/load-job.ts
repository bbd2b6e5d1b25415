import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { register } from 'tsx/esm/api';
import type { Job } from '../../functions/core/job/job.ts';
import { reasonFrom } from '../../functions/core/model/errors.ts';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import { CommandError } from '../terminal/errors.ts';
import { projectFrames } from './project-frames.ts';

let loads = 0;

/**
 * Imports the job file into this process. Each call loads the file and its imports again, so an edit takes effect.
 * @param jobFile relative to the project folder
 * @throws CommandError `job_not_loaded`, with the place in the user's files, when the file cannot be imported or does not
 *   export a job
 */
export async function loadJob(jobFile: string): Promise<Job> {
  const tsx = register({ namespace: `job-${++loads}` });
  try {
    const url = pathToFileURL(resolve(PROJECT, jobFile)).href;
    const { default: job } = (await tsx.import(url, import.meta.url)) as { default?: Job };
    if (typeof job?.run !== 'function') {
      throw new CommandError(
        'job_not_loaded',
        `${jobFile} does not export a job.`,
        'Export one: export default defineJob({ async run(item) { … } }), with defineJob from #drumline.',
      );
    }
    return job;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const [at] = projectFrames(error);
    throw new CommandError(
      'job_not_loaded',
      `${jobFile} cannot be imported: ${reasonFrom(error)}`,
      at ? `See ${at.place}.` : `Correct ${jobFile}.`,
      { cause: error },
    );
  }
}
