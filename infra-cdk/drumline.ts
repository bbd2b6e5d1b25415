import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Consumer } from './constructs/consumer.ts';
import { Control } from './constructs/control.ts';
import { Ledger } from './constructs/ledger.ts';
import { Queues } from './constructs/queues.ts';
import { Results } from './constructs/results.ts';
import { Scheduler } from './constructs/scheduler.ts';
import type { StackContext } from './constructs/stack-context.ts';
import { Status } from './constructs/status.ts';
import { Verify } from './constructs/verify.ts';
import { indexOf, prefixOf, type Settings } from './settings/settings.ts';

/**
 * The whole of Drumline, along the way of a job:
 *
 *     every minute ─► scheduler ─► jobs queue ─► consumer ×N ─► results, ledger
 *     a person ─► status · control · verify
 */
export class DrumlineStack extends Stack {
  constructor(scope: Construct, id: string, settings: Settings, props?: StackProps) {
    super(scope, id, props);
    const prefix = prefixOf(settings);
    const queues = new Queues(this, 'Queues', { prefix, settings });
    const ledger = new Ledger(this, 'Ledger', settings);
    const results = new Results(this, 'Results', settings);
    const parts: StackContext = { prefix, settings, queues, ledger, results };

    const scheduler = new Scheduler(this, 'Scheduler', parts);
    const consumer = new Consumer(this, 'Consumer', parts);
    const status = new Status(this, 'Status', parts, consumer);
    const control = new Control(this, 'Control', parts, scheduler);
    const verify = new Verify(this, 'Verify', parts);

    // What the command needs to know of a deployment.
    for (const [name, value] of Object.entries({
      JobsQueueUrl: queues.jobs.queueUrl,
      DeadLetterQueueUrl: queues.deadLetters.queueUrl,
      AbandonedEventsQueueUrl: queues.abandonedEvents.queueUrl,
      TableName: ledger.table.tableName,
      SchedulerFunction: scheduler.function.functionName,
      ConsumerFunction: consumer.function.functionName,
      StatusFunction: status.function.functionName,
      ControlFunction: control.function.functionName,
      VerifyFunction: verify.function.functionName,
      ElasticsearchUrl: settings.elasticsearchUrl,
      Index: indexOf(settings),
      WorkMs: String(settings.workMs),
      ...results.network.outputs,
    })) {
      new CfnOutput(this, name, { value });
    }
  }
}
