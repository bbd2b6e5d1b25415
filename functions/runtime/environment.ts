import { MAX_JOBS_PER_MESSAGE } from '../core/model/message.ts';
import type { Capacity } from '../core/model/packing.ts';
import { DRAIN_WITHIN_SECONDS } from '../core/model/scaling.ts';
import * as z from '../core/model/zod.ts';
import type { Mapping } from '../core/results/mapping.ts';

const text = z.string().check(z.minLength(1));
const int = (min: number, max: number) =>
  z.coerce.number().check(z.minimum(min), z.maximum(max), z.multipleOf(1));

/** JSON of a form. @param isForm whether a value has the form; it may throw */
const json = <Form>(name: string, isForm: (value: Form) => boolean) =>
  z.pipe(
    z.string().check(
      z.refine((text) => {
        try {
          return isForm(JSON.parse(text));
        } catch {
          return false;
        }
      }, `not a ${name}`),
    ),
    z.transform((text): Form => JSON.parse(text)),
  );

/** The environment variables of the functions. The CDK app sets each one for the functions that need it. */
const variables = {
  /** The ledger's table. */
  DRUMLINE_TABLE: text,
  /** The dimension of the metrics. */
  DRUMLINE_STAGE: text,
  /** The queues' URLs. */
  DRUMLINE_JOBS_QUEUE: text,
  DRUMLINE_DEAD_LETTER_QUEUE: text,
  /** Function names. */
  DRUMLINE_CONSUMER: text,
  DRUMLINE_SCHEDULER: text,
  DRUMLINE_READER: text,
  DRUMLINE_AUTOSCALER: text,
  /** The UUID of the mapping from the jobs queue to the consumer; empty if it has provisioned pollers. */
  DRUMLINE_EVENT_SOURCE_MAPPING: z.string(),
  /** The number of workers, `MIN:MAX`; empty for no autoscaling. */
  DRUMLINE_AUTOSCALE: z.string(),
  /** Seconds; empty for half of the time between two ticks. */
  DRUMLINE_DRAIN_WITHIN_SECONDS: z.union([
    z.literal(''),
    int(DRAIN_WITHIN_SECONDS.min, DRAIN_WITHIN_SECONDS.max),
  ]),
  /** The bucket of the passes' items. */
  DRUMLINE_ITEMS_BUCKET: text,
  /** Whether the job has a list. */
  DRUMLINE_LIST: z.enum(['true', 'false']),
  DRUMLINE_ELASTICSEARCH_URL: text,
  /** Name or ARN of a secret whose string is an API key; empty for none. */
  DRUMLINE_ELASTICSEARCH_API_KEY_SECRET: z.string(),
  /** PEM file in the bundle, with the authority that signed Elasticsearch's certificate; empty for a public one. */
  DRUMLINE_ELASTICSEARCH_CA_FILE: z.string(),
  DRUMLINE_INDEX: text,
  /** How items and outputs are stored: a `Mapping` as JSON. */
  DRUMLINE_MAPPING: json<Mapping>(
    'mapping',
    ({ item, output }) => typeof item === 'object' && typeof output === 'object',
  ),
  /** The version of the code that documents name; empty for the hash of the code. */
  DRUMLINE_CODE_VERSION: z.string(),
  /** Whether each month has its own index, behind an alias with the name of DRUMLINE_INDEX. */
  DRUMLINE_INDEX_MONTHLY: z.enum(['true', 'false']),
  /** Settings of a new index. */
  DRUMLINE_INDEX_SHARDS: int(1, 1_024),
  DRUMLINE_INDEX_REPLICAS: int(0, 10),
  /** Seconds; empty for Elasticsearch's default. */
  DRUMLINE_INDEX_REFRESH_SECONDS: z.union([z.literal(''), int(1, 3_600)]),
  DRUMLINE_JOBS_PER_MESSAGE: z.union([z.literal('auto'), int(1, MAX_JOBS_PER_MESSAGE)]),
  /** What automatic packing depends on: a `Capacity` as JSON. */
  DRUMLINE_PACKING: json<Capacity>('capacity', ({ batchSize, jobConcurrency, timeoutMs, workers }) =>
    [batchSize, jobConcurrency, timeoutMs, workers].every((number) => number > 0),
  ),
  DRUMLINE_JOB_CONCURRENCY: int(1, 10_000),
  DRUMLINE_MAX_ATTEMPTS: int(1, 1_000),
  /** Seconds. */
  DRUMLINE_RETRY_BASE_SECONDS: int(1, 43_200),
  DRUMLINE_RETRY_CAP_SECONDS: int(1, 43_200),
  /** How long the ledger keeps a message's record after its last write, in seconds. */
  DRUMLINE_LEDGER_TTL_SECONDS: int(60, 10 * 366 * 86_400),
};

type Variable = keyof typeof variables;
/** The parsed values of the named variables. */
export type Environment<Name extends Variable> = { [Key in Name]: z.output<(typeof variables)[Key]> };

/**
 * Reads the variables that a function needs.
 * @throws Error that names the first missing or invalid variable; the deployed stack then does not match the code
 */
export function readEnvironment<Name extends Variable>(...names: Name[]): Environment<Name> {
  const values: Partial<Record<Variable, unknown>> = {};
  for (const name of names) {
    const parsed = variables[name].safeParse(process.env[name]);
    if (!parsed.success) {
      throw new Error(
        `${name} is ${process.env[name] ?? 'not set'}: ${parsed.error.issues[0]?.message}; deploy the stack again`,
      );
    }
    values[name] = parsed.data;
  }
  return values as Environment<Name>;
}
