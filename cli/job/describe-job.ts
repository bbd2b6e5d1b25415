import type { Job, JobNeeds } from '../../functions/core/job/job.ts';
import { loadJob } from './load-job.ts';
import { type Mapping, mappingOf } from './mapping.ts';

/** What the deployment needs to know about a job, besides its code. */
export interface JobDescription {
  /** Whether the job has a list of items. */
  list: boolean;
  mapping: Mapping;
  needs: JobNeeds;
}

/** Loads the job file and describes the job. @throws CommandError `job_not_loaded` */
export async function describeJob(jobFile: string): Promise<JobDescription> {
  return describe(await loadJob(jobFile));
}

export function describe({ items, output, needs = {} }: Job): JobDescription {
  const list = items !== undefined;
  return { list, mapping: mappingOf({ list, ...(output !== undefined && { output }) }), needs };
}
