import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import job from '#job';
import { consume } from './core/consume/consume.ts';
import { TickCache } from './core/consume/tick-cache.ts';
import { RETURN_RESERVE_MS } from './core/consume/time-budget.ts';
import type { Worker } from './core/consume/worker.ts';
import { SnapshotReader } from './core/items/snapshot.ts';
import { WorkerCounters } from './core/ledger/counters.ts';
import { LedgerWriter } from './core/ledger/message-records.ts';
import { newWorkerId } from './core/model/ids.ts';
import { openQueue, openTable } from './runtime/aws-clients.ts';
import { codeVersion } from './runtime/code-version.ts';
import { readEnvironment } from './runtime/environment.ts';
import { jobLog, log } from './runtime/logger.ts';
import { MetricLog } from './runtime/metrics.ts';
import { openResults, RESULTS_VARIABLES } from './runtime/open-results.ts';
import { openBucket } from './runtime/s3.ts';

const environment = readEnvironment(
  'DRUMLINE_TABLE',
  'DRUMLINE_STAGE',
  'DRUMLINE_JOBS_QUEUE',
  'DRUMLINE_DEAD_LETTER_QUEUE',
  'DRUMLINE_ITEMS_BUCKET',
  ...RESULTS_VARIABLES,
  'DRUMLINE_MAPPING',
  'DRUMLINE_CODE_VERSION',
  'DRUMLINE_JOB_CONCURRENCY',
  'DRUMLINE_MAX_ATTEMPTS',
  'DRUMLINE_RETRY_BASE_SECONDS',
  'DRUMLINE_RETRY_CAP_SECONDS',
  'DRUMLINE_LEDGER_TTL_SECONDS',
);

const id = newWorkerId();
/** When the current invocation ends, in milliseconds since 1970. */
let endsAt = 0;
// Leaves time to send messages back to the queue if DynamoDB or S3 does not answer.
const deadline = () => endsAt - RETURN_RESERVE_MS;
const table = openTable(environment.DRUMLINE_TABLE, deadline);

/** The worker of this execution environment. Created once, and used for all its batches. */
const worker: Worker = {
  id,
  version: environment.DRUMLINE_CODE_VERSION || codeVersion(),
  job,
  ledger: new LedgerWriter(
    table,
    new WorkerCounters(table, id),
    Date.now,
    environment.DRUMLINE_LEDGER_TTL_SECONDS,
  ),
  results: openResults(environment),
  // A message that SQS may have accepted is not sent again.
  jobs: openQueue(environment.DRUMLINE_JOBS_QUEUE, { maxAttempts: 1 }),
  deadLetters: openQueue(environment.DRUMLINE_DEAD_LETTER_QUEUE),
  ticks: new TickCache(),
  items: new SnapshotReader(table, openBucket(environment.DRUMLINE_ITEMS_BUCKET, { deadline })),
  settings: {
    jobConcurrency: environment.DRUMLINE_JOB_CONCURRENCY,
    maxAttempts: environment.DRUMLINE_MAX_ATTEMPTS,
    backoff: {
      baseSeconds: environment.DRUMLINE_RETRY_BASE_SECONDS,
      capSeconds: environment.DRUMLINE_RETRY_CAP_SECONDS,
    },
  },
  clock: Date.now,
  random: Math.random,
  logFor: ({ jobId, message: { runId, tick } }) => jobLog({ jobId, runId, tick }),
  onJob: ({ kind, task, ...result }) =>
    log.debug('job', {
      jobId: task.jobId,
      runId: task.message.runId,
      tick: task.message.tick,
      outcome: kind,
      ...result,
    }),
  verifiedIndices: new Set(),
};
log.appendKeys({ worker: worker.id });
const metrics = new MetricLog(environment.DRUMLINE_STAGE);

/** Processes one batch. The batch item failures are the messages that could not be sent back to the queue. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  log.addContext(context);
  const startedAt = Date.now();
  const deliveries = event.Records.map((record) => ({
    id: record.messageId,
    body: record.body,
    receives: Number(record.attributes.ApproximateReceiveCount),
  }));
  endsAt = startedAt + context.getRemainingTimeInMillis();
  const { jobs, processed, failed, undelivered, outage, undocumented, errors, ...counts } = await consume(
    worker,
    deliveries,
    endsAt,
  );
  const now = Date.now();
  const { jobMs, waitMs } = worker.ledger.counters.meter.timingAt(now) ?? {};
  // One mean per batch keeps the line short. An embedded metric could have up to 100 values.
  const values = { processed, failed, batchMs: now - startedAt, jobMs };
  const fields = {
    ...(jobs.length === 1 ? jobs[0] : { jobs }),
    ...counts,
    waitMs,
    messages: deliveries.length,
    ...(outage && { reason: outage.message }),
  };
  if (outage) metrics.write('warn', 'batch returned', values, fields);
  else metrics.write('info', 'batch', values, fields);
  if (undocumented !== undefined)
    log.warn('Elasticsearch refuses documents of dead letters, so searches do not find them', {
      reason: undocumented,
    });
  for (const error of errors) log.error('a message failed that no job is to blame for', error);
  return { batchItemFailures: undelivered.map((itemIdentifier) => ({ itemIdentifier })) };
}
