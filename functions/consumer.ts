import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as job from '#job';
import { consume } from './core/consume/consume.ts';
import { TickCache } from './core/consume/tick-cache.ts';
import { RETURN_RESERVE_MS } from './core/consume/time-budget.ts';
import type { Worker } from './core/consume/worker.ts';
import { WorkerCounters } from './core/ledger/counters.ts';
import { LedgerWriter } from './core/ledger/message-records.ts';
import { newWorkerId } from './core/model/ids.ts';
import { openQueue, openTable } from './runtime/aws-clients.ts';
import { readEnvironment } from './runtime/environment.ts';
import { log } from './runtime/logger.ts';
import { openResults, RESULTS_VARIABLES } from './runtime/open-results.ts';

const environment = readEnvironment(
  'DRUMLINE_TABLE',
  'DRUMLINE_JOBS_QUEUE',
  'DRUMLINE_DEAD_LETTER_QUEUE',
  ...RESULTS_VARIABLES,
  'DRUMLINE_JOB_CONCURRENCY',
  'DRUMLINE_MAX_ATTEMPTS',
  'DRUMLINE_RETRY_BASE_SECONDS',
  'DRUMLINE_RETRY_CAP_SECONDS',
  'DRUMLINE_LEDGER_TTL_SECONDS',
);

const id = newWorkerId();
/** When the invocation under way is over, milliseconds since 1970. */
let endsAt = 0;
// So that there is time to send messages back when DynamoDB does not answer.
const table = openTable(environment.DRUMLINE_TABLE, () => endsAt - RETURN_RESERVE_MS);

/** This execution environment: made once, when the module loads, and the same for all its batches. */
const worker: Worker = {
  id,
  job,
  ledger: new LedgerWriter(
    table,
    new WorkerCounters(table, id),
    Date.now,
    environment.DRUMLINE_LEDGER_TTL_SECONDS,
  ),
  results: openResults(environment),
  // What SQS may have taken is not sent twice.
  jobs: openQueue(environment.DRUMLINE_JOBS_QUEUE, { maxAttempts: 1 }),
  deadLetters: openQueue(environment.DRUMLINE_DEAD_LETTER_QUEUE),
  ticks: new TickCache(),
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
  onJob: ({ kind, task, ...end }) =>
    log.debug('job', {
      jobId: task.jobId,
      runId: task.message.runId,
      tick: task.message.tick,
      outcome: kind,
      ...end,
    }),
  verifiedIndices: new Set(),
};
log.appendKeys({ worker: worker.id });

/** Does one batch of messages. Its partial failures are those that it could not even send back to the queue. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  log.addContext(context);
  const begun = Date.now();
  const deliveries = event.Records.map((record) => ({
    id: record.messageId,
    body: record.body,
    receives: Number(record.attributes.ApproximateReceiveCount),
  }));
  endsAt = begun + context.getRemainingTimeInMillis();
  const { jobs, undelivered, outage, errors, ...counts } = await consume(worker, deliveries, endsAt);
  const line = {
    ...(jobs.length === 1 ? jobs[0] : { jobs }),
    ...counts,
    messages: deliveries.length,
    ms: Date.now() - begun,
  };
  if (outage) log.warn('batch returned', { ...line, reason: outage.message });
  else log.info('batch', line);
  for (const error of errors) log.error('a message failed that no job is to blame for', error);
  return { batchItemFailures: undelivered.map((itemIdentifier) => ({ itemIdentifier })) };
}
