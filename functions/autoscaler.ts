import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import { reasonFrom } from './core/model/errors.ts';
import type { MetricValues } from './core/model/metrics.ts';
import { readDepth } from './core/queue/queue.ts';
import { type Autoscaled, autoscale } from './core/scaling/autoscale.ts';
import { readGauges } from './core/scaling/gauges.ts';
import { openLambda, openQueue, openTable } from './runtime/aws-clients.ts';
import { readEnvironment } from './runtime/environment.ts';
import { log } from './runtime/logger.ts';
import { MetricLog } from './runtime/metrics.ts';
import { SCALING_VARIABLES, scalingSettings } from './runtime/scaling-settings.ts';
import { workerLimits } from './runtime/worker-limits.ts';

const environment = readEnvironment(
  'DRUMLINE_TABLE',
  'DRUMLINE_STAGE',
  'DRUMLINE_JOBS_QUEUE',
  'DRUMLINE_CONSUMER',
  'DRUMLINE_EVENT_SOURCE_MAPPING',
  ...SCALING_VARIABLES,
);
/** Lambda's control plane may take seconds for a change. */
const CHANGE_TIMEOUT_MS = 10_000;

const table = openTable(environment.DRUMLINE_TABLE);
const jobs = openQueue(environment.DRUMLINE_JOBS_QUEUE);
const metrics = new MetricLog(environment.DRUMLINE_STAGE);
const limits = workerLimits(
  openLambda({ requestTimeout: CHANGE_TIMEOUT_MS }),
  environment.DRUMLINE_CONSUMER,
  environment.DRUMLINE_EVENT_SOURCE_MAPPING,
);

/**
 * Decides how many workers there should be, and records the gauges. Invoked by the rule every minute, for each tick, and for
 * a new rule.
 */
export async function handler(_event: unknown, context: Context): Promise<void> {
  log.addContext(context);
  const { rule, decision, work } = await autoscale({
    name: context.awsRequestId,
    table,
    limits,
    settings: scalingSettings(environment),
    readWaiting,
    clock: Date.now,
    sleep,
    endsAt: Date.now() + context.getRemainingTimeInMillis(),
  });
  const gauges = work ? await readGauges(table, work, Date.now()).catch(withoutGauges) : {};
  if (decision) logDecision(rule, decision, gauges);
  else if (gauges.pending !== undefined) metrics.write('info', 'no rule', gauges);
}

/** The decision is logged even if the gauges cannot be read. */
function withoutGauges(error: unknown): MetricValues {
  log.warn('the gauges could not be read', { reason: reasonFrom(error) });
  return {};
}

/** The messages that wait for a worker; undefined if the queue does not answer. */
async function readWaiting(): Promise<number | undefined> {
  try {
    return (await readDepth(jobs)).visible;
  } catch (error) {
    log.warn('the queue could not be asked for its depth', { reason: reasonFrom(error) });
    return undefined;
  }
}

/** One line per decision, also for those that change nothing: a month of them has 20 MB, which cost a cent. */
function logDecision(
  rule: Autoscaled['rule'],
  decision: NonNullable<Autoscaled['decision']>,
  gauges: MetricValues,
): void {
  const fields = { rule, ...decision };
  if (decision.problem) metrics.write('warn', 'not scaled', gauges, fields);
  else metrics.write('info', decision.to === decision.from ? 'unchanged' : 'scaled', gauges, fields);
}
