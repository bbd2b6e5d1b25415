import type { readEnvironment } from '../functions/runtime/environment.ts';
import { parseSettings } from '../infra-cdk/settings/parse-settings.ts';

type Variable = Parameters<typeof readEnvironment>[number];

const settings = parseSettings({});

/**
 * What the functions read as they are loaded, for those that run outside of a stack: every variable that there is, as
 * the settings' defaults have it. Whoever calls something puts real places over the made-up ones.
 */
export const ENVIRONMENT = {
  DRUMLINE_TABLE: 'table',
  DRUMLINE_JOBS_QUEUE: 'http://127.0.0.1/jobs',
  DRUMLINE_DEAD_LETTER_QUEUE: 'http://127.0.0.1/dead-letters',
  DRUMLINE_CONSUMER: 'consumer',
  DRUMLINE_SCHEDULER: 'scheduler',
  DRUMLINE_ELASTICSEARCH_URL: 'http://127.0.0.1',
  DRUMLINE_ELASTICSEARCH_API_KEY_SECRET: settings.elasticsearchApiKeySecret,
  DRUMLINE_ELASTICSEARCH_CA_FILE: settings.elasticsearchCaFile,
  DRUMLINE_INDEX: 'index',
  DRUMLINE_INDEX_MONTHLY: String(settings.indexMonthly),
  DRUMLINE_INDEX_SHARDS: String(settings.indexShards),
  DRUMLINE_INDEX_REPLICAS: String(settings.indexReplicas),
  DRUMLINE_INDEX_REFRESH_SECONDS: String(settings.indexRefreshSeconds ?? ''),
  DRUMLINE_JOBS_PER_MESSAGE: String(settings.jobsPerMessage),
  DRUMLINE_JOB_CONCURRENCY: String(settings.jobConcurrency),
  DRUMLINE_MAX_ATTEMPTS: String(settings.maxAttempts),
  DRUMLINE_RETRY_BASE_SECONDS: String(settings.retryBaseSeconds),
  DRUMLINE_RETRY_CAP_SECONDS: String(settings.retryCapSeconds),
  DRUMLINE_LEDGER_TTL_SECONDS: String(86_400),
} satisfies Record<Variable, string>;
