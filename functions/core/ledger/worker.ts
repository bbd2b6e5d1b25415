import type { RunId, WorkerId } from '../ids.ts';
import { runKey } from './run.ts';
import { type Key, list, type Table, transact, type Write } from './table.ts';

/** What one worker has counted in one run. */
export interface WorkerCount {
  id: WorkerId;
  processed: number;
  failed: number;
  /** When it last counted anything, milliseconds since 1970. */
  lastSeenAt: number;
}

/**
 * How long a worker has counted nothing before it is taken for gone. A frozen environment that comes back later
 * just gets a new item. Lambda keeps idle environments for minutes, not hours.
 */
export const RETIRED_AFTER_MS = 15 * 60_000;

/** How many workers stay listed one by one even when they are gone, so that the split of a run's load is kept. */
const LISTED = 100;

/** Workers folded in one transaction: each is a write, and the run is one more. Bounded by DynamoDB's 100. */
const FOLD_AT_ONCE = 50;

const workerKey = (runId: RunId, id: WorkerId): Key => ({ pk: `RUN#${runId}`, sk: `WORKER#${id}` });

/** Adds to a worker's own counters, which no other worker writes. (`processed` is a reserved word in DynamoDB.) */
export function addToWorker(
  table: Table,
  runId: RunId,
  id: WorkerId,
  delta: { processed: number; failed: number },
  now: number,
): Write {
  return {
    Update: {
      TableName: table.name,
      Key: workerKey(runId, id),
      UpdateExpression: 'SET lastSeenAt = :now ADD jobsProcessed :processed, jobsFailed :failed',
      ExpressionAttributeValues: { ':now': now, ':processed': delta.processed, ':failed': delta.failed },
    },
  };
}

/** The workers that are counted one by one. */
export async function listWorkers(table: Table, runId: RunId): Promise<WorkerCount[]> {
  const workers: WorkerCount[] = [];
  for await (const item of list(table, `RUN#${runId}`, 'WORKER#')) {
    workers.push({
      id: (item.sk as string).slice('WORKER#'.length) as WorkerId,
      processed: item.jobsProcessed as number,
      failed: item.jobsFailed as number,
      lastSeenAt: item.lastSeenAt as number,
    });
  }
  return workers;
}

/**
 * Moves the counts of workers that are gone into the run's own, so that what a status read takes stays bounded
 * however many environments a long run wears out.
 * @returns how many were folded
 * @throws ConditionFailed when one of them has counted again meanwhile; the next firing tries once more
 */
export async function foldRetired(table: Table, runId: RunId, now: number): Promise<number> {
  const workers = await listWorkers(table, runId);
  const retired = workers
    .filter((worker) => worker.lastSeenAt < now - RETIRED_AFTER_MS)
    .sort((a, b) => a.lastSeenAt - b.lastSeenAt)
    .slice(0, Math.max(0, workers.length - LISTED));
  for (let at = 0; at < retired.length; at += FOLD_AT_ONCE) {
    const folded = retired.slice(at, at + FOLD_AT_ONCE);
    await transact(table, [
      ...folded.map((worker) => ({
        Delete: {
          TableName: table.name,
          Key: workerKey(runId, worker.id),
          ConditionExpression: 'lastSeenAt = :seen AND jobsProcessed = :processed AND jobsFailed = :failed',
          ExpressionAttributeValues: {
            ':seen': worker.lastSeenAt,
            ':processed': worker.processed,
            ':failed': worker.failed,
          },
        },
      })),
      {
        Update: {
          TableName: table.name,
          Key: runKey(runId),
          UpdateExpression: 'ADD retiredProcessed :processed, retiredFailed :failed, retiredWorkers :workers',
          ExpressionAttributeValues: {
            ':processed': folded.reduce((sum, worker) => sum + worker.processed, 0),
            ':failed': folded.reduce((sum, worker) => sum + worker.failed, 0),
            ':workers': folded.length,
          },
        },
      },
    ]);
  }
  return retired.length;
}
