import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { send } from '../../../functions/core/queue/queue.ts';
import type { Results } from '../../../functions/core/results/client.ts';
import type { Context } from '../../benchmark.ts';
import type { Contender, Crew } from '../../contender.ts';
import type { OwnCloud } from '../../own-cloud.ts';
import { outcomeOf } from '../outcome.ts';
import { allCounted, newJobs, PACKING } from '../peer.ts';
import { deployHandler } from './deployed.ts';

/**
 * Powertools' way, deployed on the same emulator as ours: a message a job, ten to a batch, whose records are worked on
 * side by side. The jobs are in the queue before the workers begin.
 */
export async function openPowertools(
  { signal, atEnd }: Context,
  { aws, home }: OwnCloud,
  results: Results,
): Promise<Contender> {
  const deployed = await deployHandler(aws, results, home.elasticsearchUrl);
  atEnd(async () => deployed.close());
  const documents = DynamoDBDocumentClient.from(deployed.dynamo);
  const readCount = async (runId: string) => {
    const key = { TableName: deployed.countersTable, Key: { id: runId }, ConsistentRead: true };
    return Number((await documents.send(new GetCommand(key))).Item?.jobsDone ?? 0);
  };
  return {
    system: 'powertools',
    settings: { batchSize: PACKING.batchSize },
    packing: PACKING,
    async start(load): Promise<Crew> {
      await deployed.scale(load);
      return {
        async run(count) {
          const { runId, jobs } = newJobs(count);
          await send(
            deployed.queue,
            jobs.map((job) => ({ MessageBody: JSON.stringify(job) })),
          );
          await deployed.take(true);
          try {
            const counted = await allCounted(count, () => readCount(runId), signal);
            return await outcomeOf(results, { runId, jobs: count, counted, workMs: load.workMs });
          } finally {
            await deployed.take(false);
          }
        },
        async stop() {},
      };
    },
  };
}
