import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import job from '#job';
import { type Reader, type ReadResult, readPassOf } from './core/items/read-pass.ts';
import { RUN_ID, type RunId } from './core/model/ids.ts';
import * as z from './core/model/zod.ts';
import { openLambda, openTable } from './runtime/aws-clients.ts';
import { readEnvironment } from './runtime/environment.ts';
import { invokeAsync } from './runtime/invoke-async.ts';
import { log } from './runtime/logger.ts';
import { openBucket } from './runtime/s3.ts';

const environment = readEnvironment('DRUMLINE_TABLE', 'DRUMLINE_ITEMS_BUCKET', 'DRUMLINE_SCHEDULER');
const table = openTable(environment.DRUMLINE_TABLE);
const bucket = openBucket(environment.DRUMLINE_ITEMS_BUCKET);
const lambda = openLambda();

const event = z.object({ runId: z.string().check(z.regex(RUN_ID)), pass: z.int().check(z.positive()) });

/** Reads a pass of the job's list, as far as the time allows. The scheduler invokes it, and is invoked by it at the end. */
export async function handler(input: unknown, context: Context): Promise<ReadResult> {
  log.addContext(context);
  const { runId, pass } = event.parse(input);
  const reader: Reader = {
    name: context.awsRequestId,
    table,
    bucket,
    source: job.items,
    schema: job.item,
    clock: Date.now,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
  };
  const endsAt = Date.now() + context.getRemainingTimeInMillis();
  const result = await readPassOf(reader, { runId: runId as RunId, pass }, endsAt);
  const line = { runId, pass, ...result };
  if (result.state === 'failed') log.warn('list not read', line);
  else log.info('list read', line);
  // The scheduler fires the tick that waits for the pass, or has the pass read on.
  if (result.state !== 'elsewhere')
    await invokeAsync(lambda, environment.DRUMLINE_SCHEDULER, 'the scheduler goes on within a minute');
  return result;
}
