import { setTimeout as sleep } from 'node:timers/promises';
import type { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { Queue } from '../../functions/core/queue/queue.ts';
import { fire } from '../../functions/core/schedule/fire.ts';
import { startOneTick } from '../one-tick.ts';
import type { Place } from '../place.ts';

/**
 * Has the scheduler enqueue one tick, and catches its messages on their way to the queue: the ledger knows the tick, as
 * the consumer wants it, and the queue plays no part in what is measured.
 * @returns the messages' bodies
 */
export async function messagesOfTick(
  { table }: Place,
  jobs: number,
  jobsPerMessage: number,
): Promise<string[]> {
  const bodies: string[] = [];
  const catching = {
    send: async ({ input }: SendMessageBatchCommand) => {
      for (const { MessageBody = '' } of input.Entries ?? []) bodies.push(MessageBody);
      return {};
    },
  };
  const queue: Queue = { url: '', client: catching as unknown as Queue['client'], retryDelayMs: 25 };
  await startOneTick(table, jobs);
  const scheduler = {
    name: 'bench',
    table,
    jobs: queue,
    settings: { jobsPerMessage, minMessages: 1 },
    clock: Date.now,
    sleep,
  };
  await fire(scheduler, Date.now(), Date.now() + 600_000);
  return bodies;
}
