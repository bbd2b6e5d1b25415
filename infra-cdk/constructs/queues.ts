import { Duration, Validations } from 'aws-cdk-lib';
import { type CfnQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  ABANDONED_EVENTS_RETENTION_DAYS,
  DEAD_LETTER_RETENTION_DAYS,
  JOBS_RETENTION_DAYS,
} from '../settings/retention.ts';
import { enforcesSsl, type Settings, visibilityTimeoutOf } from '../settings/settings.ts';

/** How long SQS keeps a message unless told. */
const SQS_RETENTION_SECONDS = 4 * 86_400;

/**
 * How often a message may be received before the queue itself takes it for dead; 1,000 is the most that SQS allows.
 * A backstop only: the consumer gives up on jobs by their attempts, and sends back as new what has to come again. Workers
 * that die and invocations that Lambda throttles use this up, and nothing else does.
 */
const MAX_RECEIVES = 1_000;

/** The jobs queue, its dead-letter queue, and the queue of events that never reached the scheduler. */
export class Queues extends Construct {
  readonly jobs: Queue;
  readonly deadLetters: Queue;
  /** The scheduler's events that EventBridge or Lambda gave up on, for a person to find. */
  readonly abandonedEvents: Queue;

  constructor(scope: Construct, id: string, { prefix, settings }: { prefix: string; settings: Settings }) {
    super(scope, id);
    const guarded = { enforceSSL: enforcesSsl(settings), encryption: QueueEncryption.SQS_MANAGED };
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...guarded,
      queueName: `${prefix}-dead-letters`,
      retentionPeriod: Duration.days(DEAD_LETTER_RETENTION_DAYS),
    });
    this.jobs = new Queue(this, 'Jobs', {
      ...guarded,
      queueName: `${prefix}-jobs`,
      retentionPeriod: Duration.days(JOBS_RETENTION_DAYS),
      visibilityTimeout: Duration.seconds(visibilityTimeoutOf(settings)),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
    });
    this.abandonedEvents = new Queue(this, 'AbandonedEvents', {
      ...guarded,
      queueName: `${prefix}-abandoned-events`,
      retentionPeriod: Duration.days(ABANDONED_EVENTS_RETENTION_DAYS),
    });
    Validations.of(this.abandonedEvents).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason:
        'It is a dead-letter queue itself: of the rule, and of the scheduler’s asynchronous invocations.',
    });
    if (enforcesSsl(settings)) return;
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-SQS4',
      reason:
        'An emulator on plain HTTP that heeds queue policies would refuse everything (setting enforceSsl).',
    });
  }
}

/** How long a queue keeps a message, in seconds, as the template says it. */
export function retentionOf(queue: Queue): number {
  return (queue.node.defaultChild as CfnQueue).messageRetentionPeriod ?? SQS_RETENTION_SECONDS;
}
