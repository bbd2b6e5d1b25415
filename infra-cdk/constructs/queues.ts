import { Duration, Validations } from 'aws-cdk-lib';
import { type CfnQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { MAX_BATCH_BYTES } from '../../functions/core/queue/queue.ts';
import {
  ABANDONED_EVENTS_RETENTION_DAYS,
  DEAD_LETTER_RETENTION_DAYS,
  JOBS_RETENTION_DAYS,
} from '../settings/retention.ts';
import { enforcesSsl, type Settings, visibilityTimeoutOf } from '../settings/settings.ts';
import type { EncryptionKey } from './encryption-key.ts';

/** How long SQS keeps a message by default. */
const SQS_RETENTION_SECONDS = 4 * 86_400;

/**
 * How many times a message may be received before SQS moves it to the dead-letter queue: 1,000, the maximum of SQS. This
 * is only a backstop. The consumer counts the attempts of jobs itself, and sends messages again as new ones. Only workers
 * that die and invocations that Lambda throttles use up receives.
 */
const MAX_RECEIVES = 1_000;

/** The jobs queue, its dead-letter queue, and the queue of events that never reached the scheduler. */
export class Queues extends Construct {
  readonly jobs: Queue;
  readonly deadLetters: Queue;
  /** The scheduler's events that EventBridge or Lambda gave up, for a person to find. */
  readonly abandonedEvents: Queue;

  constructor(
    scope: Construct,
    id: string,
    { prefix, settings, key }: { prefix: string; settings: Settings; key: EncryptionKey },
  ) {
    super(scope, id);
    const security = { enforceSSL: enforcesSsl(settings), ...key.ofQueue };
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...security,
      queueName: `${prefix}-dead-letters`,
      maxMessageSizeBytes: MAX_BATCH_BYTES,
      retentionPeriod: Duration.days(DEAD_LETTER_RETENTION_DAYS),
    });
    this.jobs = new Queue(this, 'Jobs', {
      ...security,
      queueName: `${prefix}-jobs`,
      // A queue that was created before SQS raised its maximum accepts only 256 KiB. A dead letter contains its item.
      maxMessageSizeBytes: MAX_BATCH_BYTES,
      retentionPeriod: Duration.days(JOBS_RETENTION_DAYS),
      visibilityTimeout: Duration.seconds(visibilityTimeoutOf(settings)),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
    });
    this.abandonedEvents = new Queue(this, 'AbandonedEvents', {
      ...security,
      queueName: `${prefix}-abandoned-events`,
      retentionPeriod: Duration.days(ABANDONED_EVENTS_RETENTION_DAYS),
    });
    Validations.of(this.abandonedEvents).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason:
        'The queue is itself a dead-letter queue: of the rule, and of the scheduler’s asynchronous invocations.',
    });
    if (enforcesSsl(settings)) return;
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-SQS4',
      reason:
        'An emulator on plain HTTP that enforces queue policies would refuse every request (setting enforceSsl).',
    });
  }
}

/** How long a queue keeps a message, in seconds, as the template has it. */
export function retentionSecondsOf(queue: Queue): number {
  return (queue.node.defaultChild as CfnQueue).messageRetentionPeriod ?? SQS_RETENTION_SECONDS;
}
