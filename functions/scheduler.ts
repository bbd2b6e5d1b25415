import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import type { MetricValues } from './core/model/metrics.ts';
import { MIN_MESSAGES_PER_TICK, type PackingRule } from './core/model/packing.ts';
import * as z from './core/model/zod.ts';
import { type FireResult, fire } from './core/schedule/fire.ts';
import { openLambda, openQueue, openTable } from './runtime/aws-clients.ts';
import { readEnvironment } from './runtime/environment.ts';
import { invokeAsync } from './runtime/invoke-async.ts';
import { log } from './runtime/logger.ts';
import { MetricLog } from './runtime/metrics.ts';

const environment = readEnvironment(
  'DRUMLINE_TABLE',
  'DRUMLINE_STAGE',
  'DRUMLINE_JOBS_QUEUE',
  'DRUMLINE_JOBS_PER_MESSAGE',
  'DRUMLINE_PACKING',
  'DRUMLINE_AUTOSCALE',
  'DRUMLINE_READER',
  'DRUMLINE_AUTOSCALER',
);
const table = openTable(environment.DRUMLINE_TABLE);
const jobs = openQueue(environment.DRUMLINE_JOBS_QUEUE);

const jobsPerMessage = environment.DRUMLINE_JOBS_PER_MESSAGE;
const packing: PackingRule =
  jobsPerMessage === 'auto'
    ? {
        jobsPerMessage,
        minMessages: MIN_MESSAGES_PER_TICK,
        autoscale: environment.DRUMLINE_AUTOSCALE,
        ...environment.DRUMLINE_PACKING,
      }
    : { jobsPerMessage, minMessages: MIN_MESSAGES_PER_TICK };

const lambda = openLambda();
const metrics = new MetricLog(environment.DRUMLINE_STAGE);

/** EventBridge's events contain the time when they were due. Without it, e.g. if invoked by hand, the time is now. */
const event = z.nullish(z.object({ time: z.optional(z.iso.datetime()) }));

/** Fires the ticks that are due. Invoked by the rule every minute, at the start of a run, and by hand. */
export async function handler(input: unknown, context: Context): Promise<FireResult> {
  log.addContext(context);
  const time = event.safeParse(input).data?.time;
  const eventTime = time === undefined ? Date.now() : Date.parse(time);
  const fired = await fire(
    {
      name: context.awsRequestId,
      table,
      jobs,
      settings: packing,
      clock: Date.now,
      sleep,
      startReader: (pass) =>
        invokeAsync(
          lambda,
          environment.DRUMLINE_READER,
          'the list is read when the scheduler runs again',
          pass,
        ),
      startAutoscaler: () =>
        invokeAsync(
          lambda,
          environment.DRUMLINE_AUTOSCALER,
          'the number of workers is decided with the rule’s next event',
        ),
    },
    eventTime,
    Date.now() + context.getRemainingTimeInMillis(),
  );
  metrics.write('info', titleOf(fired), valuesOf(fired), { ...fired });
  // Otherwise the rule's next event would continue within a minute. Only an invocation that enqueued jobs does this, so that
  // the chain ends. Lambda itself stops a chain after sixteen.
  if (fired.unfinished && [...fired.ticks, ...fired.resumed].some(({ enqueued }) => enqueued > 0))
    await invokeAsync(lambda, context.functionName, 'the rule’s next event has to carry on');
  return fired;
}

/** Most firings do nothing. Their log lines have no metrics, because a missing value means the same as 0 to the sums and alarms. */
function valuesOf({ ticks, resumed, missed }: FireResult): MetricValues {
  const enqueued = [...ticks, ...resumed].reduce((sum, tick) => sum + tick.enqueued, 0);
  return { enqueued: enqueued || undefined, missedTicks: missed || undefined };
}

function titleOf({ ticks, resumed, missed, reading }: FireResult): string {
  if (ticks.length + resumed.length > 0) return 'fired';
  if (reading) return 'a list is read';
  return missed > 0 ? 'missed' : 'nothing due';
}
