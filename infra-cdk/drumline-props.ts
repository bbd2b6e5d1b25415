// Generated from settings/settings.ts by `npx vitest run --project unit test/unit/docs -u`.

/** The properties of the construct `Drumline`. Each is optional. */
export interface DrumlineProps {
  /**
   * Maximum number of concurrent workers: the consumer’s reserved concurrency. This one number scales Drumline.
   * Value: integer from 1 to 1,000. @default 2
   */
  readonly concurrency?: number | undefined;
  /**
   * Between which numbers of workers Drumline scales itself. `drumline scale` overrides it until a deployment changes it.
   * Value: MIN:MAX, a minimum and a maximum from 1 to 1,000 workers, such as 1:20. @default no autoscaling
   */
  readonly autoscale?: string | undefined;
  /**
   * Time in which the jobs of a tick should be done, in seconds, for autoscaling.
   * Value: integer from 60 to 86,400. @default half of the time between two ticks
   */
  readonly drainWithinSeconds?: number | undefined;
  /**
   * Maximum number of messages in a worker’s batch. Above 10, Lambda waits up to 1 second to fill a batch.
   * Value: integer from 1 to 10,000. @default 10
   */
  readonly batchSize?: number | undefined;
  /**
   * Maximum number of jobs in a message, from the next tick on; `auto` follows how long jobs take. Divides the cost of queue and ledger.
   * Value: auto, or an integer from 1 to 500. @default auto
   */
  readonly jobsPerMessage?: number | 'auto' | undefined;
  /**
   * Maximum number of concurrent jobs in one worker.
   * Value: integer from 1 to 10,000. @default 10
   */
  readonly jobConcurrency?: number | undefined;
  /**
   * Minimum number of provisioned pollers. They speed up scaling; AWS bills them by the hour.
   * Value: integer from 2 to 200. @default no provisioned pollers
   */
  readonly minimumPollers?: number | undefined;
  /**
   * Maximum number of provisioned pollers. Each poller handles up to 10 concurrent batches.
   * Value: integer from 2 to 2,000. @default no provisioned pollers
   */
  readonly maximumPollers?: number | undefined;
  /**
   * Memory of a worker, in MB. On AWS, CPU grows with memory.
   * Value: integer from 128 to 10,240. @default 512
   */
  readonly consumerMemoryMb?: number | undefined;
  /**
   * The file with your job; relative to the project folder.
   * Value: path of an existing TypeScript or JavaScript file. @default functions/job.ts
   */
  readonly jobFile?: string | undefined;
  /**
   * Maximum number of attempts per job. A job that still fails becomes a dead letter.
   * Value: integer from 1 to 1,000. @default 5
   */
  readonly maxAttempts?: number | undefined;
  /**
   * Base delay before the first retry of a failed message, in seconds. The delay doubles with each retry.
   * Value: integer from 1 to 900. @default 1
   */
  readonly retryBaseSeconds?: number | undefined;
  /**
   * Maximum delay before a retry of a failed message, in seconds.
   * Value: integer from 1 to 43,200. @default 60
   */
  readonly retryCapSeconds?: number | undefined;
  /**
   * Time limit of one batch, in seconds.
   * Value: integer from 4 to 900. @default 30
   */
  readonly consumerTimeoutSeconds?: number | undefined;
  /**
   * Time until SQS delivers the messages of a dead worker again, in seconds.
   * Value: integer from 4 to 43,200. @default 6 × `consumerTimeoutSeconds`
   */
  readonly visibilityTimeoutSeconds?: number | undefined;
  /**
   * Time that a job of the default functions/job.ts waits, in milliseconds, to simulate I/O.
   * Value: integer from 0 to 600,000. @default 0
   */
  readonly workMs?: number | undefined;
  /**
   * URL of an Elasticsearch 8 that the functions can reach. It stores the results.
   * Value: http or https URL; http only on a private network. @default http://127.0.0.1:9200
   */
  readonly elasticsearchUrl?: string | undefined;
  /**
   * The Secrets Manager secret that holds the Elasticsearch API key.
   * Value: name or ARN of a secret, up to 512 characters. @default no API key
   */
  readonly elasticsearchApiKeySecret?: string | undefined;
  /**
   * The secret with a separate API key for the consumer, which needs fewer privileges.
   * Value: name or ARN of a secret, up to 512 characters. @default `elasticsearchApiKeySecret`
   */
  readonly elasticsearchConsumerKeySecret?: string | undefined;
  /**
   * The secret with a separate API key for the status function, which only reads.
   * Value: name or ARN of a secret, up to 512 characters. @default `elasticsearchApiKeySecret`
   */
  readonly elasticsearchStatusKeySecret?: string | undefined;
  /**
   * The secret with a separate API key for the control function.
   * Value: name or ARN of a secret, up to 512 characters. @default `elasticsearchApiKeySecret`
   */
  readonly elasticsearchControlKeySecret?: string | undefined;
  /**
   * The secret with a separate API key for the verify function.
   * Value: name or ARN of a secret, up to 512 characters. @default `elasticsearchApiKeySecret`
   */
  readonly elasticsearchVerifyKeySecret?: string | undefined;
  /**
   * Certificate of the private authority that signed Elasticsearch’s certificate; relative to the project folder.
   * Value: path of a PEM file with the certificate of an authority. @default only public authorities
   */
  readonly elasticsearchCaFile?: string | undefined;
  /**
   * The VPC in which the functions reach Elasticsearch. It needs `subnetIds`.
   * Value: ID like vpc-0a1b2c3d. @default no VPC
   */
  readonly vpcId?: string | undefined;
  /**
   * The private subnets of `vpcId` for the functions that use Elasticsearch.
   * Value: up to 16 IDs like subnet-0a1b2c3d, separated by commas. @default no VPC
   */
  readonly subnetIds?: string | undefined;
  /**
   * The security groups of the functions that run in `vpcId`.
   * Value: up to 5 IDs like sg-0a1b2c3d, separated by commas. @default a new security group
   */
  readonly securityGroupIds?: string | undefined;
  /**
   * Name of the results index, from the next run on.
   * Value: up to 100 lower-case letters, digits, hyphens, dots and underscores; a letter or digit first. @default `drumline-results` or `drumline-STAGE-results`
   */
  readonly index?: string | undefined;
  /**
   * Whether each month has its own index, from the next run on. `index` is then the alias of all of them.
   * Value: true or false. @default false
   */
  readonly indexMonthly?: boolean | undefined;
  /**
   * Number of primary shards of a new results index. The maximum is that of Elasticsearch.
   * Value: integer from 1 to 1,024. @default 1
   */
  readonly indexShards?: number | undefined;
  /**
   * Number of replicas of each shard of a new results index. A single node cannot hold replicas.
   * Value: integer from 0 to 10. @default 1
   */
  readonly indexReplicas?: number | undefined;
  /**
   * Refresh interval of a new results index, in seconds: the delay until searches find a document.
   * Value: integer from 1 to 3,600. @default Elasticsearch’s default
   */
  readonly indexRefreshSeconds?: number | undefined;
  /**
   * Name of a second, independent deployment: its stack is Drumline-STAGE, its resources are drumline-STAGE-….
   * Value: up to 20 lower-case letters, digits and hyphens, a letter first. @default the first deployment
   */
  readonly stage?: string | undefined;
  /**
   * An existing ledger to continue with: the table of a deleted stack, or a restored table.
   * Value: name of a DynamoDB table. @default a new table
   */
  readonly ledgerTable?: string | undefined;
  /**
   * An existing bucket of list items to continue with: the bucket of the stack that `ledgerTable` belonged to.
   * Value: name of an S3 bucket. @default a new bucket
   */
  readonly itemsBucket?: string | undefined;
  /**
   * Version of your code, such as a commit: stored in each document that the code writes.
   * Value: up to 64 letters, digits and the characters . _ + -. @default a hash of the code
   */
  readonly codeVersion?: string | undefined;
  /**
   * The lowest level that the functions log.
   * Value: one of DEBUG, INFO, WARN, ERROR. @default INFO
   */
  readonly logLevel?: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | undefined;
  /**
   * Retention of the functions’ logs, in days.
   * Value: one of 1, 3, 5, 7, 14, 30, 60, 90, 180, 365. @default 14
   */
  readonly logRetentionDays?: number | undefined;
  /**
   * A customer-managed KMS key for queues, table and bucket. The key policy must allow their use (docs/security.md).
   * Value: ARN of a KMS key like arn:aws:kms:eu-west-1:123456789012:key/ID, not of an alias. @default keys of AWS
   */
  readonly kmsKey?: string | undefined;
  /**
   * Address that receives the alarms. AWS asks its owner to confirm.
   * Value: e-mail address. @default no e-mail
   */
  readonly alarmEmail?: string | undefined;
  /**
   * An existing topic that receives the alarms. Its policy must let CloudWatch publish.
   * Value: ARN of an SNS topic. @default no topic
   */
  readonly alarmTopic?: string | undefined;
  /**
   * Whether AWS X-Ray traces the functions. AWS bills each trace.
   * Value: true or false. @default false
   */
  readonly tracing?: boolean | undefined;
  /**
   * Whether queues, buckets and topics refuse plain HTTP.
   * Value: true or false. @default true, unless AWS_ENDPOINT_URL (an emulator) is plain HTTP
   */
  readonly enforceSsl?: boolean | undefined;
}
