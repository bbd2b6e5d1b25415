import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { DrumlineFunction } from './drumline-function.ts';
import { Ledger, REMEMBER } from './ledger.ts';
import { Queues } from './queues.ts';
import { indexOf, prefixOf, type Settings } from './settings.ts';

/** AWS accepts no less as an event source mapping's maximum concurrency. */
const LEAST_MAPPING_CONCURRENCY = 2;

/** More messages a batch than this, and AWS wants them gathered for at least a second. */
const UNGATHERED_BATCH = 10;

/**
 * The whole of Drumline, along the way of a job:
 *
 *     every minute ─► scheduler ─► jobs queue ─► consumer ×N ─► Elasticsearch, ledger
 *     a person ─► status · control · verify
 */
export class DrumlineStack extends Stack {
  constructor(scope: Construct, id: string, settings: Settings, props?: StackProps) {
    super(scope, id, props);
    const prefix = prefixOf(settings);
    const { jobs, deadLetters } = new Queues(this, 'Queues', { prefix, settings });
    const { table } = new Ledger(this, 'Ledger');

    const ledger = { DRUMLINE_TABLE: table.tableName };
    const results = {
      DRUMLINE_ELASTICSEARCH_URL: settings.elasticsearchUrl,
      DRUMLINE_ELASTICSEARCH_API_KEY_SECRET: settings.elasticsearchApiKeySecret,
      DRUMLINE_INDEX: indexOf(settings),
    };
    const common = { prefix, settings };

    const scheduler = new DrumlineFunction(this, 'Scheduler', {
      ...common,
      name: 'scheduler',
      description: 'Enqueues the jobs of the ticks that are due',
      timeout: Duration.minutes(2),
      environment: {
        ...ledger,
        DRUMLINE_JOBS_QUEUE: jobs.queueUrl,
        DRUMLINE_JOBS_PER_MESSAGE: String(settings.jobsPerMessage),
      },
    });
    scheduler.allow([...Ledger.READ, ...Ledger.WRITE], table.tableArn);
    scheduler.allow(Queues.SEND, jobs.queueArn);
    new Rule(this, 'EveryMinute', {
      description: 'Asks the scheduler every minute what is due',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(scheduler.function)],
    });

    const consumer = new DrumlineFunction(this, 'Consumer', {
      ...common,
      name: 'consumer',
      description: 'Works on jobs, writes their results and counts them',
      timeout: Duration.seconds(settings.consumerTimeoutSeconds),
      memoryMb: settings.consumerMemoryMb,
      reservedConcurrency: settings.concurrency,
      environment: {
        ...ledger,
        ...results,
        DRUMLINE_JOBS_QUEUE: jobs.queueUrl,
        DRUMLINE_DEAD_LETTER_QUEUE: deadLetters.queueUrl,
        DRUMLINE_JOB_CONCURRENCY: String(settings.jobConcurrency),
        DRUMLINE_MAX_ATTEMPTS: String(settings.maxAttempts),
        DRUMLINE_RETRY_BASE_SECONDS: String(settings.retryBaseSeconds),
        DRUMLINE_RETRY_CAP_SECONDS: String(settings.retryCapSeconds),
        DRUMLINE_REMEMBER_SECONDS: String(REMEMBER.toSeconds()),
        DRUMLINE_WORK_MS: String(settings.workMs),
      },
    });
    consumer.allow(['dynamodb:GetItem', ...Ledger.WRITE], table.tableArn);
    consumer.allow(Queues.SEND, deadLetters.queueArn);
    consumer.allow(Queues.RETURN, jobs.queueArn);
    consumer.function.addEventSource(
      // Grants the role to receive, return and delete messages of the jobs queue.
      new SqsEventSource(jobs, {
        batchSize: settings.batchSize,
        ...(settings.batchSize > UNGATHERED_BATCH && { maxBatchingWindow: Duration.seconds(1) }),
        reportBatchItemFailures: true,
        maxConcurrency: Math.max(LEAST_MAPPING_CONCURRENCY, settings.concurrency),
      }),
    );

    const status = new DrumlineFunction(this, 'Status', {
      ...common,
      name: 'status',
      description: 'Says how the run stands',
      timeout: Duration.seconds(15),
      environment: {
        ...ledger,
        DRUMLINE_JOBS_QUEUE: jobs.queueUrl,
        DRUMLINE_DEAD_LETTER_QUEUE: deadLetters.queueUrl,
        DRUMLINE_CONSUMER: consumer.function.functionName,
      },
    });
    status.allow(Ledger.READ, table.tableArn);
    status.allow(['sqs:GetQueueAttributes'], jobs.queueArn, deadLetters.queueArn);
    status.allow(['lambda:GetFunction'], consumer.function.functionArn);

    const control = new DrumlineFunction(this, 'Control', {
      ...common,
      name: 'control',
      description: 'Starts, changes and stops runs',
      timeout: Duration.seconds(30),
      environment: { ...ledger, ...results, DRUMLINE_SCHEDULER: scheduler.function.functionName },
    });
    control.allow(['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'], table.tableArn);
    control.allow(['lambda:InvokeFunction'], scheduler.function.functionArn);

    const verify = new DrumlineFunction(this, 'Verify', {
      ...common,
      name: 'verify',
      description: 'Compares the ledger with the results',
      timeout: Duration.minutes(5),
      environment: { ...ledger, ...results },
    });
    verify.allow(Ledger.READ, table.tableArn);

    if (settings.elasticsearchApiKeySecret !== '') {
      const secret = settings.elasticsearchApiKeySecret.startsWith('arn:')
        ? Secret.fromSecretCompleteArn(this, 'ElasticsearchApiKey', settings.elasticsearchApiKeySecret)
        : Secret.fromSecretNameV2(this, 'ElasticsearchApiKey', settings.elasticsearchApiKeySecret);
      for (const { function: reader } of [consumer, control, verify]) secret.grantRead(reader);
    }

    // What the command needs to know of a deployment.
    for (const [name, value] of Object.entries({
      JobsQueueUrl: jobs.queueUrl,
      DeadLetterQueueUrl: deadLetters.queueUrl,
      TableName: table.tableName,
      SchedulerFunction: scheduler.function.functionName,
      ConsumerFunction: consumer.function.functionName,
      StatusFunction: status.function.functionName,
      ControlFunction: control.function.functionName,
      VerifyFunction: verify.function.functionName,
      ElasticsearchUrl: settings.elasticsearchUrl,
      Index: indexOf(settings),
      WorkMs: String(settings.workMs),
    })) {
      new CfnOutput(this, name, { value });
    }
  }
}
