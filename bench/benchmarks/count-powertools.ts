import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Message } from '@aws-sdk/client-sqs';
import type { Context, SQSEvent } from 'aws-lambda';
import { send } from '../../functions/core/queue/queue.ts';
import { variablesOf } from '../../test/fixtures/pipeline.ts';
import { newJobs, PEER_PACKING } from '../peers/peer-run.ts';
import { createPowertoolsTables, messagesOf } from '../peers/powertools-system.ts';
import { type CountedRun, deleteMessages, receive, type Services, withMeters } from './metered-pipeline.ts';

/**
 * Runs jobs with the Powertools handler in this process and counts its requests: one job per message, ten messages per
 * call and per batch. Works once per process, because the handler keeps its first environment.
 * @throws Error if a message fails
 */
export function countPowertools(services: Services, jobs: number): Promise<CountedRun> {
  const { aws } = services;
  return withMeters(services, async ({ jobs: queue, results }, meter, resultsMeter) => {
    const dynamo = new DynamoDBClient(aws);
    const tables = await createPowertoolsTables(dynamo, results.index);
    try {
      // The handler reads its environment when it is imported.
      Object.assign(process.env, {
        // Lambda sets this variable. Powertools puts it into its keys.
        AWS_LAMBDA_FUNCTION_NAME: 'bench',
        ...variablesOf({ ...aws, endpoint: meter.url }),
        ...tables,
        PEER_ELASTICSEARCH_URL: resultsMeter.url,
        PEER_INDEX: results.index,
      });
      const { handler } = await import('../peers/powertools-handler.ts');
      const context = {
        awsRequestId: 'bench',
        functionName: 'bench',
        getRemainingTimeInMillis: () => 60_000,
      };
      meter.reset();
      resultsMeter.reset();
      await send(queue, messagesOf(newJobs(jobs).jobs));
      const batches: CountedRun['batches'] = [];
      for (let left = jobs; left > 0; ) {
        const messages = await receive(queue, Math.min(PEER_PACKING.batchSize, left));
        const { batchItemFailures } = await handler(eventOf(messages), context as Context);
        if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} messages failed`);
        await deleteMessages(queue, messages);
        batches.push({ messages: messages.length, jobs: messages.length });
        left -= messages.length;
      }
      return batches;
    } finally {
      for (const TableName of Object.values(tables)) await dynamo.send(new DeleteTableCommand({ TableName }));
      dynamo.destroy();
    }
  });
}

function eventOf(messages: readonly Message[]): SQSEvent {
  const records = messages.map(({ MessageId: messageId, Body: body }) => ({ messageId, body }));
  return { Records: records } as unknown as SQSEvent;
}
