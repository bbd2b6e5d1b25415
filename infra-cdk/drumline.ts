import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { describedJob } from './bundling/bundle.ts';
import type { FunctionName } from './bundling/bundle-functions.ts';
import { Alarms } from './constructs/alarms.ts';
import { Autoscaler } from './constructs/autoscaler.ts';
import { Consumer } from './constructs/consumer.ts';
import { Dashboard } from './constructs/dashboard.ts';
import type { StackContext } from './constructs/drumline-function.ts';
import { EncryptionKey } from './constructs/encryption-key.ts';
import { Items } from './constructs/items.ts';
import { Ledger } from './constructs/ledger.ts';
import { Control, Status, Verify } from './constructs/on-demand-functions.ts';
import { Queues } from './constructs/queues.ts';
import { Reader } from './constructs/reader.ts';
import { Results } from './constructs/results.ts';
import { Scheduler } from './constructs/scheduler.ts';
import type { DrumlineProps } from './drumline-props.ts';
import { parseSettings } from './settings/parse-settings.ts';
import { indexOf, prefixOf } from './settings/settings.ts';

/**
 * Drumline as a construct, for this project's app or for another one:
 *
 *     every minute ─► scheduler ─► jobs queue ─► consumer ×N ─► results, ledger
 *                  │  └─► reader ─► items ────────┘  │
 *                  └─► autoscaler ───────────────────┘ N
 *     a person ─► status · control · verify
 *
 * @example
 *     const drumline = new Drumline(stack, 'Drumline', { concurrency: 8, elasticsearchUrl: 'https://es.example.com' });
 *     drumline.functions.control.grantInvoke(role);
 */
export class Drumline extends Construct {
  readonly queues: Pick<Queues, 'jobs' | 'deadLetters' | 'abandonedEvents'>;
  /** The ledger's table. It is retained when the stack is deleted. */
  readonly table: Pick<ITable, 'tableName' | 'tableArn'>;
  /** The bucket of the items of a list. It is retained when the stack is deleted. */
  readonly itemsBucket: Pick<IBucket, 'bucketName' | 'bucketArn'>;
  readonly functions: Record<FunctionName, LambdaFunction>;
  /**
   * The functions that run the job's code, for the grants of other resources in the same app. Permissions for resources
   * of other apps are part of the job: `needs.permissions`.
   * @example
   *     for (const each of drumline.jobFunctions) customers.grantReadData(each);
   */
  readonly jobFunctions: readonly LambdaFunction[];
  /** What the `drumline` command needs to know about the deployment, by the names of the stack outputs. */
  readonly outputs: Record<string, string>;

  /** @throws SettingError naming each wrong or unknown property */
  constructor(scope: Construct, id: string, props: DrumlineProps = {}) {
    super(scope, id);
    const settings = parseSettings({ ...props });
    const prefix = prefixOf(settings);
    const key = new EncryptionKey(this, 'EncryptionKey', settings);
    const queues = new Queues(this, 'Queues', { prefix, settings, key });
    const ledger = new Ledger(this, 'Ledger', settings, key);
    const results = new Results(this, 'Results', settings);
    const items = new Items(this, 'Items', settings, key);
    const job = describedJob(this, settings.jobFile);
    const context: StackContext = { prefix, settings, job, key, queues, ledger, items, results };

    const consumer = new Consumer(this, 'Consumer', context);
    const scheduler = new Scheduler(this, 'Scheduler', context, consumer);
    const autoscaler = new Autoscaler(this, 'Autoscaler', context, { consumer, scheduler });
    const reader = new Reader(this, 'Reader', context, { consumer, scheduler });
    const status = new Status(this, 'Status', context, consumer);
    const control = new Control(this, 'Control', context, { scheduler, autoscaler });
    const verify = new Verify(this, 'Verify', context);

    const { alarms } = new Alarms(this, 'Alarms', context, { consumer, scheduler, autoscaler });
    new Dashboard(this, 'Dashboard', context, { consumer, alarms });

    this.queues = queues;
    this.table = ledger.table;
    this.itemsBucket = items.bucket;
    this.jobFunctions = [consumer.function, reader.function];
    this.functions = {
      scheduler: scheduler.function,
      autoscaler: autoscaler.function,
      reader: reader.function,
      consumer: consumer.function,
      status: status.function,
      control: control.function,
      verify: verify.function,
    };
    this.outputs = {
      JobsQueueUrl: queues.jobs.queueUrl,
      DeadLetterQueueUrl: queues.deadLetters.queueUrl,
      AbandonedEventsQueueUrl: queues.abandonedEvents.queueUrl,
      TableName: ledger.table.tableName,
      ItemsBucket: items.bucket.bucketName,
      SchedulerFunction: scheduler.function.functionName,
      AutoscalerFunction: autoscaler.function.functionName,
      ReaderFunction: reader.function.functionName,
      ConsumerFunction: consumer.function.functionName,
      StatusFunction: status.function.functionName,
      ControlFunction: control.function.functionName,
      VerifyFunction: verify.function.functionName,
      ElasticsearchUrl: settings.elasticsearchUrl,
      Index: indexOf(settings),
      WorkMs: String(settings.workMs),
      ...results.network.outputs,
    };
  }

  /** Adds the outputs to the stack. The `drumline` command can then operate it, if the stack is named as the command expects. */
  addOutputs(): void {
    const stack = Stack.of(this);
    for (const [name, value] of Object.entries(this.outputs)) new CfnOutput(stack, name, { value });
  }
}
