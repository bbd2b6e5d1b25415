import type { Context } from 'aws-lambda';
import pRetry from 'p-retry';
import {
  type Run,
  readActiveRun,
  readSchedule,
  type Schedule,
  startRun,
  stopRun,
  updateRun,
} from './core/ledger/runs.ts';
import { changeScaling } from './core/ledger/scaling.ts';
import { cronLine } from './core/model/cron.ts';
import { ApiError, ConditionFailed, reasonFrom, Unavailable } from './core/model/errors.ts';
import { type JobId, newRunId, type RunId } from './core/model/ids.ts';
import { type IndexNaming, indexAt } from './core/model/index-name.ts';
import { DRAIN_WITHIN_SECONDS, MAX_WORKERS, type ScalingRule } from './core/model/scaling.ts';
import {
  DEFAULT_BACKFILL_MINUTES,
  firstTickAt,
  type Pace,
  type Period,
  type PeriodFields,
  periodFields,
} from './core/model/schedule.ts';
import * as z from './core/model/zod.ts';
import {
  deleteDeadLetters,
  deleteDeadLettersBefore,
  ensureDeadLetterIndex,
} from './core/results/dead-letters.ts';
import { ensureIndex } from './core/results/ensure-index.ts';
import { highestJobId } from './core/results/search.ts';
import { withRule } from './core/scaling/rule-in-force.ts';
import { openLambda, openTable } from './runtime/aws-clients.ts';
import { readEnvironment } from './runtime/environment.ts';
import { invokeAsync } from './runtime/invoke-async.ts';
import { jsonHandler } from './runtime/json-handler.ts';
import { log } from './runtime/logger.ts';
import { openResults, RESULTS_VARIABLES } from './runtime/open-results.ts';
import { SCALING_VARIABLES, scalingSettings } from './runtime/scaling-settings.ts';

const environment = readEnvironment(
  'DRUMLINE_TABLE',
  'DRUMLINE_SCHEDULER',
  'DRUMLINE_LIST',
  'DRUMLINE_INDEX_MONTHLY',
  ...RESULTS_VARIABLES,
  'DRUMLINE_MAPPING',
  'DRUMLINE_AUTOSCALER',
  ...SCALING_VARIABLES,
);
/** Retries of Elasticsearch requests and of conflicting starts. Unlike a worker's messages, a command is not repeated. */
const RETRIES = 2;

/** Whether the deployed job has a list. */
const LIST = environment.DRUMLINE_LIST === 'true';

/** The index settings of new runs. */
const INDEXING: IndexNaming = {
  index: environment.DRUMLINE_INDEX,
  monthly: environment.DRUMLINE_INDEX_MONTHLY === 'true',
};

const table = openTable(environment.DRUMLINE_TABLE);
const results = openResults(environment, { retries: RETRIES });
const lambda = openLambda();

const x = z.union([z.int().check(z.minimum(1), z.maximum(1_000_000)), z.literal('all')]);
const y = z.int().check(z.minimum(1), z.maximum(1_440));
const cron = z.string().check(z.maxLength(200));
const timezone = z.string().check(z.maxLength(100));
const workers = z.int().check(z.minimum(1), z.maximum(MAX_WORKERS));
const pace = z.enum(['burst', 'even']);

/** Maximum jobIds of a request to forget dead letters. */
const MAX_FORGOTTEN = 1_000;

const command = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('start'),
    /** Jobs per tick; `all` for all items of the list, which is the default for a job with a list. */
    x: z.optional(x),
    /** Minutes between two ticks. Either this or `cron` is required. */
    y: z.optional(y),
    /** A cron expression of five fields: the times of the ticks. */
    cron: z.optional(cron),
    /** The IANA time zone of `cron`; UTC unless given. */
    timezone: z.optional(timezone),
    /** Whether a tick's jobs are sent at once or spread evenly over the time until the next tick. */
    pace: z._default(pace, 'burst'),
    /** Maximum age of late ticks that are still fired, in minutes. 0 for two minutes, the least. */
    backfillMinutes: z._default(z.int().check(z.minimum(0), z.maximum(7 * 1_440)), DEFAULT_BACKFILL_MINUTES),
    /** Whether the active run, if any, is stopped. Otherwise the start is rejected. */
    replace: z._default(z.boolean(), false),
  }),
  z.strictObject({
    action: z.literal('update'),
    x: z.optional(x),
    y: z.optional(y),
    cron: z.optional(cron),
    timezone: z.optional(timezone),
    pace: z.optional(pace),
  }),
  z.strictObject({ action: z.literal('stop') }),
  z.strictObject({
    action: z.literal('scale'),
    /** A fixed number. Either this, or `min` and `max`. */
    workers: z.optional(workers),
    min: z.optional(workers),
    max: z.optional(workers),
    /** In which time the jobs of a tick should be done; unless given, the deployment's setting. */
    drainWithinSeconds: z.optional(
      z.int().check(z.minimum(DRAIN_WITHIN_SECONDS.min), z.maximum(DRAIN_WITHIN_SECONDS.max)),
    ),
  }),
  z.strictObject({
    action: z.literal('forget-dead-letters'),
    /** The jobs whose dead letters are gone from the queue. Either this or `before` is required. */
    jobIds: z.optional(
      z.array(z.int().check(z.positive())).check(z.minLength(1), z.maxLength(MAX_FORGOTTEN)),
    ),
    /** All dead letters of an earlier time are gone, in ISO 8601. */
    before: z.optional(z.iso.datetime()),
  }),
]);

type Scale = Extract<z.output<typeof command>, { action: 'scale' }>;
type Forget = Extract<z.output<typeof command>, { action: 'forget-dead-letters' }>;
type Start = Extract<z.output<typeof command>, { action: 'start' }>;

/** The result of a command. `replaced` is the id of the run that the start stopped. */
export interface ControlAnswer extends PeriodFields {
  runId: string;
  x: number | 'all';
  pace: Pace;
  running: boolean;
  /** When the next tick is due, in ISO 8601; null if the run was stopped. */
  nextTickAt: string | null;
  replaced?: string;
}

/** The new rule for the number of workers. The autoscaler applies it within seconds; `status` reports the result. */
export interface ScaleAnswer {
  rule: ScalingRule;
}

/** The documents of dead letters that were deleted from Elasticsearch. */
export interface ForgetAnswer {
  forgotten: number;
  /** Whether the request must be repeated, because there are more than one request deletes. */
  more: boolean;
}

/** Starts, updates and stops runs, sets the rule for the number of workers, and forgets dead letters that were purged. */
export const handler = jsonHandler(
  command,
  async (input, context: Context): Promise<ControlAnswer | ScaleAnswer | ForgetAnswer> => {
    log.addContext(context);
    const answer = await answerTo(input);
    log.info(input.action, { ...answer });
    return answer;
  },
);

function answerTo(input: z.output<typeof command>): Promise<ControlAnswer | ScaleAnswer | ForgetAnswer> {
  if (input.action === 'scale') return scale(input);
  if (input.action === 'forget-dead-letters') return forget(input);
  return execute(input);
}

/** @throws ApiError `invalid_input` @throws Unavailable, also when the API key may not delete */
async function forget({ jobIds, before }: Forget): Promise<ForgetAnswer> {
  if ((jobIds === undefined) === (before === undefined))
    throw new ApiError('invalid_input', 'give either jobIds or before');
  if (before !== undefined) {
    const { deleted, more } = await deleteDeadLettersBefore(results, before);
    return { forgotten: deleted, more };
  }
  const { outages, refusal } = await deleteDeadLetters(results, jobIds as JobId[]);
  const [outage] = outages.values();
  if (outage ?? refusal) throw outage ?? new Unavailable('results', new Error(refusal));
  return { forgotten: jobIds?.length ?? 0, more: false };
}

/** @throws ApiError `invalid_input` */
async function scale(request: Scale): Promise<ScaleAnswer> {
  const rule = ruleOf(request);
  await changeScaling(table, (scaling) => withRule(scaling, rule, scalingSettings(environment)));
  await invokeAsync(lambda, environment.DRUMLINE_AUTOSCALER, 'the autoscaler could not be asked at once');
  return { rule };
}

/** The rule of a request. @throws ApiError `invalid_input` */
function ruleOf({ workers, min = workers, max = workers, drainWithinSeconds }: Scale): ScalingRule {
  if (min === undefined || max === undefined || (workers !== undefined && (min !== max || min !== workers)))
    throw new ApiError('invalid_input', 'give either workers, or min and max');
  if (min > max) throw new ApiError('invalid_input', 'min: must be at most max');
  return { min, max, ...(drainWithinSeconds !== undefined && { drainWithinSeconds }) };
}

async function execute(input: Exclude<z.output<typeof command>, Scale | Forget>): Promise<ControlAnswer> {
  if (input.action === 'start') return start(input);
  const run = await readActiveRun(table);
  if (input.action === 'stop') {
    await stopRun(table, run.runId, Date.now());
    return { ...answerOf(run), running: false, nextTickAt: null };
  }
  const period = periodOf(input);
  if (input.x === undefined && period === undefined && input.pace === undefined) {
    throw new ApiError('invalid_input', 'an update needs at least one of x, y, cron and pace');
  }
  const { x, pace } = input;
  if (x === 'all' && !run.list) throw withoutList();
  return answerOf(await updateRun(table, run, { x, y: period, pace }, Date.now()));
}

function answerOf({
  runId,
  x,
  y,
  pace,
  nextTickAt,
}: Pick<Run, 'runId' | 'x' | 'y' | 'pace' | 'nextTickAt'>): ControlAnswer {
  const next = new Date(nextTickAt).toISOString();
  return { runId, x, ...periodFields(y), pace, running: true, nextTickAt: next };
}

/** The requested period; undefined if there is none. @throws ApiError `invalid_input` */
function periodOf(request: Pick<Start, 'y' | 'cron' | 'timezone'>): Period | undefined {
  const { y, cron, timezone = 'UTC' } = request;
  if (cron === undefined && request.timezone !== undefined)
    throw new ApiError('invalid_input', 'timezone is the time zone of cron; give cron, too');
  if (cron === undefined) return y;
  if (y !== undefined) throw new ApiError('invalid_input', 'y and cron exclude each other; give one');
  return cronLine(cron, timezone);
}

/** @throws ApiError `run_active`, `index_conflict` @throws ConditionFailed when other commands kept interfering */
async function start(request: Start): Promise<ControlAnswer> {
  const period = periodOf(request);
  if (period === undefined) throw new ApiError('invalid_input', 'a start needs y or cron');
  const x = jobsPerTick(request);
  rejectIfActive(await readSchedule(table), request.replace);
  const startedAt = Date.now();
  await ensureIndex(results, indexAt(INDEXING, startedAt));
  // Without this index, jobs run all the same, and dead letters are only in their queue.
  await ensureDeadLetterIndex(results).catch((error) =>
    log.warn('dead letters cannot be searched', { reason: reasonFrom(error) }),
  );
  // If the ledger is new, the index may still contain jobs of an earlier deployment.
  const firstFreeJobId = ((await highestJobId(results)) + 1) as JobId;
  // A tick of the replaced run may have been claimed since the schedule was read, or another run may have started.
  const { runId, replaced } = await pRetry(
    () => activate(request, { x, y: period }, startedAt, firstFreeJobId),
    {
      retries: RETRIES,
      minTimeout: 0,
      shouldRetry: ({ error }) => error instanceof ConditionFailed,
    },
  );
  // With Y the first tick is due now. If this call fails, the next event of the rule fires it.
  await invokeAsync(lambda, environment.DRUMLINE_SCHEDULER, 'the scheduler could not be asked at once');
  const run = { runId, x, y: period, pace: request.pace, nextTickAt: firstTickAt(period, startedAt) };
  return { ...answerOf(run), ...(replaced && { replaced }) };
}

/** Makes a new run the active one. @throws ConditionFailed when the schedule has changed since it was read */
async function activate(
  { pace, backfillMinutes, replace }: Start,
  { x, y }: Pick<Run, 'x' | 'y'>,
  startedAt: number,
  firstFreeJobId: JobId,
): Promise<{ runId: RunId; replaced: RunId | undefined }> {
  const schedule = await readSchedule(table);
  rejectIfActive(schedule, replace);
  const runId = newRunId(startedAt);
  const run = {
    runId,
    x,
    y,
    pace,
    list: LIST,
    indexing: INDEXING,
    backfillMinutes,
    startedAt,
    firstFreeJobId,
  };
  await startRun(table, schedule, run, schedule.activeRunId);
  return { runId, replaced: schedule.activeRunId };
}

/** The requested jobs per tick: all items of the list unless given. @throws ApiError `invalid_input` */
function jobsPerTick({ x }: Pick<Start, 'x'>): Run['x'] {
  if (x === 'all' && !LIST) throw withoutList();
  if (x !== undefined) return x;
  if (LIST) return 'all';
  throw new ApiError('invalid_input', 'x: the job has no list; say how many jobs each tick has');
}

function withoutList(): ApiError {
  return new ApiError('invalid_input', 'x: the job has no list, so it cannot be “all”; give a number');
}

function rejectIfActive({ activeRunId }: Schedule, replace: boolean): void {
  if (!activeRunId || replace) return;
  throw new ApiError(
    'run_active',
    `the run ${activeRunId} is active; stop it first, or start with replace: true`,
    { runId: activeRunId },
  );
}
