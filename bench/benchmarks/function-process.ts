import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { PassName } from '../../functions/core/model/pass.ts';
import { openQueue, openTable } from '../../functions/runtime/aws-clients.ts';
import { openBucket, openS3 } from '../../functions/runtime/s3.ts';
import { fireScheduler } from '../../test/fixtures/pipeline.ts';
import { readList } from './list-reader.ts';
import type { ListShape } from './list-source.ts';

/** What a process is to do: enqueue what is due, as the scheduler, or read a pass, as the reader. */
export type Work = { table: string; queueUrl: string } & (
  | { role: 'scheduler'; jobsPerMessage: number; timeoutMs: number }
  | { role: 'reader'; pass: PassName; list: ListShape }
);

/** What it took. */
export interface Effort {
  ms: number;
  /** CPU time, user and system. */
  cpuMs: number;
  /** The largest resident set of the process, in megabytes (1,000,000 bytes). */
  maxRssMb: number;
  invocations: number;
  /** AWS requests by name, for example `SendMessageBatch`. The SDK's own retries are not counted. */
  calls: Record<string, number>;
}

if (process.argv[2] !== undefined)
  process.stdout.write(JSON.stringify(await measure(JSON.parse(process.argv[2]))));

async function measure(work: Work): Promise<Effort> {
  const table = openTable(work.table);
  const jobs = openQueue(work.queueUrl);
  const clients: object[] = [table.client, jobs.client];
  if (work.role === 'reader') clients.push((await openS3()).client);
  const calls = countCalls(clients);
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  let invocations = 1;
  if (work.role === 'reader') await readList({ table, items: openBucket(work.table) }, work.pass, work.list);
  else {
    const packing = { jobsPerMessage: work.jobsPerMessage, minMessages: 1 };
    while ((await fireScheduler({ table, jobs }, packing, work.timeoutMs)).unfinished) invocations++;
  }
  const ms = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  const maxRssMb = (process.resourceUsage().maxRSS * 1_024) / 1e6;
  return { ms, cpuMs: (user + system) / 1_000, maxRssMb, invocations, calls };
}

/** Counts the requests of these clients from now on. */
function countCalls(clients: readonly object[]): Effort['calls'] {
  const calls: Effort['calls'] = {};
  for (const client of clients) {
    (client as DynamoDBClient).middlewareStack.add(
      (next, context) => (input) => {
        const name = (context.commandName ?? '').replace(/Command$/, '');
        calls[name] = (calls[name] ?? 0) + 1;
        return next(input);
      },
      { step: 'initialize', name: 'countCalls' },
    );
  }
  return calls;
}
