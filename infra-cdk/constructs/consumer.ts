import { Duration } from 'aws-cdk-lib';
import type { ProvisionedPollerConfig } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource, type SqsEventSourceProps } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Construct } from 'constructs';
import { metricStageOf } from '../../functions/core/model/metrics.ts';
import { mappingMaximumOf } from '../../functions/core/model/scaling.ts';
import { mappingOf } from '../../functions/core/results/mapping.ts';
import type { Settings } from '../settings/settings.ts';
import { DrumlineFunction, type StackContext } from './drumline-function.ts';
import { LEDGER_TTL, ttlProblems } from './ledger.ts';

/** The largest batch that AWS accepts without a batching window. A larger batch needs a window of at least a second. */
const MAX_BATCH_WITHOUT_WINDOW = 10;

/** The function that works on jobs, and the event source mapping that invokes it with batches of messages. */
export class Consumer extends DrumlineFunction {
  /** The mapping with a maximum concurrency; undefined with provisioned pollers. */
  readonly mapping: { id: string; arn: string } | undefined;

  constructor(scope: Construct, id: string, context: StackContext) {
    const { settings, job, queues, items } = context;
    super(scope, id, context, {
      name: 'consumer',
      description: 'Works on jobs, writes their results and counts them',
      timeout: Duration.seconds(settings.consumerTimeoutSeconds),
      memoryMb: settings.consumerMemoryMb,
      reservedConcurrency: settings.concurrency,
      // The consumer sends unfinished messages back to its queue, with growing delays (backoff.ts). Lambda would stop that
      // after sixteen times, so after two minutes of an outage, and move the messages to the dead-letter queue ("Use Lambda
      // recursive loop detection to prevent infinite loops").
      invokesItself: true,
      usesElasticsearch: true,
      runsJob: true,
      environment: {
        DRUMLINE_STAGE: metricStageOf(settings),
        DRUMLINE_JOBS_QUEUE: queues.jobs.queueUrl,
        DRUMLINE_DEAD_LETTER_QUEUE: queues.deadLetters.queueUrl,
        DRUMLINE_JOB_CONCURRENCY: String(settings.jobConcurrency),
        DRUMLINE_MAX_ATTEMPTS: String(settings.maxAttempts),
        DRUMLINE_RETRY_BASE_SECONDS: String(settings.retryBaseSeconds),
        DRUMLINE_RETRY_CAP_SECONDS: String(settings.retryCapSeconds),
        DRUMLINE_LEDGER_TTL_SECONDS: String(LEDGER_TTL.toSeconds()),
        DRUMLINE_WORK_MS: String(settings.workMs),
        ...items.environment,
        DRUMLINE_MAPPING: JSON.stringify(mappingOf(job)),
        DRUMLINE_CODE_VERSION: settings.codeVersion,
      },
    });
    // For dead letters, and for messages that the consumer sends again as new ones.
    this.allow(['sqs:SendMessage'], queues.deadLetters.queueArn, queues.jobs.queueArn);
    items.grantRead(this);
    const source = new SqsEventSource(queues.jobs, {
      batchSize: settings.batchSize,
      ...(settings.batchSize > MAX_BATCH_WITHOUT_WINDOW && { maxBatchingWindow: Duration.seconds(1) }),
      reportBatchItemFailures: true,
      ...scalingOf(settings),
    });
    // Grants the role to receive, return and delete messages of the jobs queue.
    this.function.addEventSource(source);
    this.mapping = hasPollers(settings)
      ? undefined
      : { id: source.eventSourceMappingId, arn: source.eventSourceMappingArn };
    this.node.addValidation({ validate: () => ttlProblems(LEDGER_TTL, queues) });
  }
}

/**
 * How the mapping scales: up to one concurrent batch per worker; or, with provisioned pollers, up to ten concurrent
 * batches per poller. AWS accepts only one of the two. With pollers, the reserved concurrency is the only limit.
 */
function scalingOf(settings: Settings): Partial<SqsEventSourceProps> {
  const { concurrency, minimumPollers, maximumPollers } = settings;
  if (!hasPollers(settings)) return { maxConcurrency: mappingMaximumOf(concurrency) };
  return {
    provisionedPollerConfig: {
      ...(minimumPollers !== undefined && { minimumPollers }),
      ...(maximumPollers !== undefined && { maximumPollers }),
    } as ProvisionedPollerConfig,
  };
}

function hasPollers({ minimumPollers, maximumPollers }: Settings): boolean {
  return minimumPollers !== undefined || maximumPollers !== undefined;
}
