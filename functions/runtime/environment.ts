import * as z from 'zod/mini';
import { MAX_JOBS_PER_MESSAGE } from '../core/model/message.ts';
import '../core/model/zod-messages.ts';

const text = z.string().check(z.minLength(1));
const whole = (least: number, most: number) =>
  z.coerce.number().check(z.minimum(least), z.maximum(most), z.multipleOf(1));

/** The environment variables that the functions read, each set by the CDK app for those that need it. */
const variables = {
  /** The ledger's table. */
  DRUMLINE_TABLE: text,
  /** The queues' URLs. */
  DRUMLINE_JOBS_QUEUE: text,
  DRUMLINE_DEAD_LETTER_QUEUE: text,
  /** Function names. */
  DRUMLINE_CONSUMER: text,
  DRUMLINE_SCHEDULER: text,
  DRUMLINE_ELASTICSEARCH_URL: text,
  /** Name or ARN of a secret whose string is an API key; empty for none. */
  DRUMLINE_ELASTICSEARCH_API_KEY_SECRET: z.string(),
  /** PEM file beside the bundle, with the authority that signed Elasticsearch's certificate; empty for a public one. */
  DRUMLINE_ELASTICSEARCH_CA_FILE: z.string(),
  DRUMLINE_INDEX: text,
  /** Whether each month has an index of its own, behind an alias of that name. */
  DRUMLINE_INDEX_MONTHLY: z.enum(['true', 'false']),
  /** What the index is made with. */
  DRUMLINE_INDEX_SHARDS: whole(1, 1_024),
  DRUMLINE_INDEX_REPLICAS: whole(0, 10),
  /** Seconds; empty for Elasticsearch's own way. */
  DRUMLINE_INDEX_REFRESH_SECONDS: z.union([z.literal(''), whole(1, 3_600)]),
  DRUMLINE_JOBS_PER_MESSAGE: whole(1, MAX_JOBS_PER_MESSAGE),
  DRUMLINE_JOB_CONCURRENCY: whole(1, 10_000),
  DRUMLINE_MAX_ATTEMPTS: whole(1, 1_000),
  /** Seconds. */
  DRUMLINE_RETRY_BASE_SECONDS: whole(1, 43_200),
  DRUMLINE_RETRY_CAP_SECONDS: whole(1, 43_200),
  /** How long the ledger remembers a message, in seconds. */
  DRUMLINE_LEDGER_TTL_SECONDS: whole(60, 10 * 366 * 86_400),
};

type Variable = keyof typeof variables;
export type Environment<Name extends Variable> = { [Key in Name]: z.output<(typeof variables)[Key]> };

/**
 * Reads the variables that a function needs.
 * @throws Error naming the first one that is missing or wrong: the stack and the code don't belong together
 */
export function readEnvironment<Name extends Variable>(...names: Name[]): Environment<Name> {
  const found: Partial<Record<Variable, unknown>> = {};
  for (const name of names) {
    const parsed = variables[name].safeParse(process.env[name]);
    if (!parsed.success) {
      throw new Error(
        `${name} is ${process.env[name] ?? 'not set'}: ${parsed.error.issues[0]?.message}; deploy the stack again`,
      );
    }
    found[name] = parsed.data;
  }
  return found as Environment<Name>;
}
