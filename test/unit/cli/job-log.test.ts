import { expect, test } from 'vitest';
import { isAbout } from '../../../cli/cloud/job-log.ts';
import type { JobReport } from '../../../functions/core/jobs/find-job.ts';

test('a log line is about a job if it names the job, or a range of its tick with it', () => {
  const job = { jobId: 15, runId: 'run', tick: 2 } as unknown as JobReport;
  const range = (firstJob: number, lastJob: number, tick = 2) => ({ runId: 'run', tick, firstJob, lastJob });
  for (const [fields, expected] of [
    [{ jobId: 15, runId: 'run' }, true],
    [{ jobId: 16, runId: 'run' }, false],
    [{ jobId: 15, runId: 'another' }, false],
    [range(11, 15), true],
    [range(16, 20), false],
    [range(11, 20, 3), false],
    [{ jobs: [range(1, 5), range(15, 15)] }, true],
    [{ jobs: [] }, false],
    [{ runId: 'run' }, false],
  ] as const)
    expect([fields, isAbout({ fields }, job)]).toEqual([fields, expected]);
});
