import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ItemSource } from '../items/source.ts';
import type { OutputMapping } from './output-mapping.ts';

/** What `run` receives besides the item. */
export interface JobContext {
  /** Unique during the whole life of a deployment. Use it as the idempotency key for effects on other systems. */
  jobId: number;
  /** The run, such as `20261125-125007-ief8`. */
  runId: string;
  /** The number of the tick, from 1. */
  tick: number;
  /**
   * The job's position in its tick, from 0 to `count` − 1, as in Kubernetes indexed jobs, AWS Batch array jobs and Cloud
   * Run tasks.
   */
  index: number;
  /** Number of jobs in the tick. */
  count: number;
  /** When the tick was due. The same in every attempt. */
  dueAt: Date;
  /** 1 for the first attempt. Interrupted attempts do not count. */
  attempt: number;
  /** Aborts when the worker's time is up. The job is then tried again, and the result of this attempt is discarded. */
  signal: AbortSignal;
  /** Writes log lines that name the job, its run and its tick. */
  log: JobLog;
}

/** A job's logger: `log.info('scored', { score })` writes one line of JSON with these fields. Do not log secrets. */
export type JobLog = Record<
  'debug' | 'info' | 'warn' | 'error',
  (message: string, fields?: Record<string, unknown>) => void
>;

/** What the functions that run your code may do and know. The stack gives it to these functions only. */
export interface JobNeeds {
  /** IAM statements that allow actions. */
  permissions?: readonly Permission[];
  /**
   * Environment variables of the functions that run the job. Names that begin with `AWS_`, `LAMBDA_` or `DRUMLINE_` are
   * reserved.
   */
  environment?: Readonly<Record<string, string>>;
  /** Secrets in AWS Secrets Manager: their names or ARNs, by the name with which `secret()` reads them. */
  secrets?: Readonly<Record<string, string>>;
}

/** An IAM statement that allows actions. */
export interface Permission {
  /** E.g. `dynamodb:Scan`. */
  actions: readonly string[];
  /**
   * ARNs. `${AWS::Region}`, `${AWS::AccountId}` and `${AWS::Partition}` stand for those of the deployment, as in
   * CloudFormation's Fn::Sub.
   */
  resources: readonly string[];
}

/** A kind of job: what its items are, what it does with one of them, and what it needs. */
export interface JobDefinition<Item, Output = unknown> {
  /**
   * The list of items: `pages`, `s3Lines` or `list`. Without it, a tick has X numbered jobs, and a job's item is its
   * jobId.
   */
  items?: ItemSource<unknown>;
  /**
   * Schema of an item, from zod or any other library that implements Standard Schema. Each item is checked when the list
   * is read, and again when its job runs. A job whose item does not fit becomes a dead letter at once.
   */
  item?: StandardSchemaV1<unknown, Item>;
  /**
   * The Elasticsearch type of the output, or of each of its fields. Fields that are not named are stored but not
   * searchable. Without it, any JSON is stored and searchable: objects as `flattened` fields, other values as
   * `{ "value": … }`.
   */
  output?: OutputMapping;
  /** What the functions that run this code may do and know. */
  needs?: JobNeeds;
  /**
   * Does one job and returns its output: any JSON, at most 256,000 characters. It may run more than once, after a crash, a
   * timeout or a redelivery; the output is stored and counted once. If it throws, the job is tried again later, with at
   * most `maxAttempts` attempts; if it throws a `PermanentError`, the job becomes a dead letter at once.
   */
  run(item: Item, context: JobContext): Output | Promise<Output>;
}

/** A definition whose item type is unknown, as the worker uses it. */
export interface Job extends Omit<JobDefinition<unknown>, 'item' | 'run'> {
  item?: StandardSchemaV1;
  run(item: never, context: JobContext): unknown;
}
