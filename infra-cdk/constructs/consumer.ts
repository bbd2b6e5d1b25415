import { Duration } from 'aws-cdk-lib';
import type { ProvisionedPollerConfig } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource, type SqsEventSourceProps } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Construct } from 'constructs';
import type { Settings } from '../settings/settings.ts';
import { DrumlineFunction } from './drumline-function.ts';
import { LEDGER_TTL, ttlProblems } from './ledger.ts';
import type { StackContext } from './stack-context.ts';

/** AWS accepts no less as an event source mapping's maximum concurrency. */
const LEAST_MAPPING_CONCURRENCY = 2;

/** More messages a batch than this, and AWS wants them gathered for at least a second. */
const UNGATHERED_BATCH = 10;

/** The function that works on jobs, and the mapping that brings it their messages: as many at a time as there are workers. */
export class Consumer extends DrumlineFunction {
  constructor(scope: Construct, id: string, { prefix, settings, queues, ledger, results }: StackContext) {
    super(scope, id, {
      prefix,
      settings,
      ledger,
      results,
      name: 'consumer',
      description: 'Works on jobs, writes their results and counts them',
      timeout: Duration.seconds(settings.consumerTimeoutSeconds),
      memoryMb: settings.consumerMemoryMb,
      reservedConcurrency: settings.concurrency,
      environment: {
        DRUMLINE_JOBS_QUEUE: queues.jobs.queueUrl,
        DRUMLINE_DEAD_LETTER_QUEUE: queues.deadLetters.queueUrl,
        DRUMLINE_JOB_CONCURRENCY: String(settings.jobConcurrency),
        DRUMLINE_MAX_ATTEMPTS: String(settings.maxAttempts),
        DRUMLINE_RETRY_BASE_SECONDS: String(settings.retryBaseSeconds),
        DRUMLINE_RETRY_CAP_SECONDS: String(settings.retryCapSeconds),
        DRUMLINE_LEDGER_TTL_SECONDS: String(LEDGER_TTL.toSeconds()),
        DRUMLINE_WORK_MS: String(settings.workMs),
      },
    });
    // Jobs that are given up, and messages that have to come again.
    this.allow(['sqs:SendMessage'], queues.deadLetters.queueArn, queues.jobs.queueArn);
    this.function.addEventSource(
      // Grants the role to receive, return and delete messages of the jobs queue.
      new SqsEventSource(queues.jobs, {
        batchSize: settings.batchSize,
        ...(settings.batchSize > UNGATHERED_BATCH && { maxBatchingWindow: Duration.seconds(1) }),
        reportBatchItemFailures: true,
        ...scalingOf(settings),
      }),
    );
    this.node.addValidation({ validate: () => ttlProblems(LEDGER_TTL, queues) });
  }
}

/**
 * How the mapping grows: up to as many batches at a time as there are workers; or, with provisioned pollers, up to ten
 * for each poller. AWS takes one or the other, and with pollers the reserved concurrency alone is the limit.
 */
function scalingOf({ concurrency, minimumPollers, maximumPollers }: Settings): Partial<SqsEventSourceProps> {
  if (minimumPollers === undefined && maximumPollers === undefined)
    return { maxConcurrency: Math.max(LEAST_MAPPING_CONCURRENCY, concurrency) };
  return {
    provisionedPollerConfig: {
      ...(minimumPollers !== undefined && { minimumPollers }),
      ...(maximumPollers !== undefined && { maximumPollers }),
    } as ProvisionedPollerConfig,
  };
}
