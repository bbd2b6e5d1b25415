import type { GivenSettings } from '../../cli/cloud/settings.ts';

export const VISIBILITY_SECONDS = 6;

/** The settings of every stack that the suite deploys: failing jobs and dead workers come back within seconds. */
const DEFAULTS = {
  consumerTimeoutSeconds: '5',
  visibilityTimeoutSeconds: String(VISIBILITY_SECONDS),
  retryCapSeconds: '2',
  maxAttempts: '3',
};

/** Drumline's own time limits, for jobs that are not done in an instant. */
export const PATIENT = { consumerTimeoutSeconds: '30', visibilityTimeoutSeconds: '60' };

/**
 * The settings of each test file's stack besides the defaults, by the file's name. On the local cloud every file listed
 * here has a stack to itself, on the stage of that name, so that the files run at the same time. `pipeline` has the
 * stack without a stage.
 */
export const STAGES = {
  pipeline: {},
  'abandoned-events': {},
  // One worker and one attempt: a single failed write would make a dead letter.
  'api-key': {
    elasticsearchApiKeySecret: 'e2e/api-key',
    concurrency: '1',
    maxAttempts: '1',
    indexReplicas: '0',
    indexRefreshSeconds: '5',
  },
  // A worker runs ten jobs of 100 ms at a time.
  autoscaling: { workMs: '100', jobConcurrency: '10', ...PATIENT },
  cli: {},
  control: {},
  // A worker runs ten jobs of 100 ms at a time.
  dashboard: {
    jobFile: 'test/e2e/jobs/moody.ts',
    concurrency: '2',
    jobsPerMessage: '20',
    jobConcurrency: '10',
    ...PATIENT,
  },
  'dead-letters': { jobFile: 'test/e2e/jobs/faulty.ts' },
  deadly: { jobFile: 'test/e2e/jobs/deadly.ts' },
  index: {},
  lists: { jobFile: 'test/e2e/jobs/listed.ts' },
  // More concurrent jobs than the ten listeners that Node allows on one signal without a warning.
  'log-lines': { workMs: '20', jobConcurrency: '20' },
  outages: { workMs: '100' },
  // Jobs that wait decide how long a tick takes, whatever the machine: a batch of 100 takes little more than a second.
  plan: {
    workMs: '100',
    jobsPerMessage: '10',
    jobConcurrency: '10',
    consumerTimeoutSeconds: '10',
    visibilityTimeoutSeconds: '60',
  },
  'examples-crawl': { jobFile: 'examples/crawl/job.ts', maxAttempts: '5' },
  // A thousand queries of a busy emulator take longer than the jobs of other stages.
  'examples-customers': { jobFile: 'examples/customers/job.ts', ...PATIENT },
  'examples-scores': { jobFile: 'examples/scores/job.ts', index: 'scores' },
  'function-keys': {
    elasticsearchConsumerKeySecret: 'e2e/consumer-key',
    elasticsearchControlKeySecret: 'e2e/control-key',
    elasticsearchVerifyKeySecret: 'e2e/verify-key',
    concurrency: '1',
    indexReplicas: '0',
  },
  roles: {},
  ticks: {},
  // A batch of 100 jobs takes a second. The visibility timeout is longer than the test waits for the last job.
  'under-load': {
    workMs: '100',
    concurrency: '3',
    jobsPerMessage: '10',
    jobConcurrency: '10',
    consumerTimeoutSeconds: '20',
    visibilityTimeoutSeconds: '240',
  },
} satisfies Record<string, GivenSettings>;

export type StageName = keyof typeof STAGES;

/** The files whose functions reach Elasticsearch through a guard (guard.ts). */
export const GUARDED: StageName[] = ['api-key', 'function-keys'];

/** The stage on the local cloud of a test file. */
export function stageOf(file: StageName): string {
  return file === 'pipeline' ? '' : file;
}

export function settingsOf(file: StageName): GivenSettings {
  return { ...DEFAULTS, ...STAGES[file] };
}

/** The words of `drumline deploy` for the default settings and these. On AWS it would ask about permissions. */
export function deployWith(given: GivenSettings = {}): string[] {
  const settings = { ...DEFAULTS, ...given };
  return [
    'deploy',
    '--yes',
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}
