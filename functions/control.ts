import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { Context } from 'aws-lambda';
import pRetry from 'p-retry';
import {
  readActiveRun,
  readSchedule,
  type Schedule,
  startRun,
  stopRun,
  updateRun,
} from './core/ledger/runs.ts';
import { ApiError, ConditionFailed, reasonFrom } from './core/model/errors.ts';
import { type JobId, newRunId, type RunId } from './core/model/ids.ts';
import { type IndexNaming, indexAt } from './core/model/index-name.ts';
import type { Pace } from './core/model/schedule.ts';
import * as z from './core/model/zod.ts';
import { ensureIndex } from './core/results/ensure-index.ts';
import { highestJobId } from './core/results/search.ts';
import { openLambda, openTable } from './runtime/aws-clients.ts';
import { readEnvironment } from './runtime/environment.ts';
import { jsonHandler } from './runtime/json-handler.ts';
import { log } from './runtime/logger.ts';
import { openResults, RESULTS_VARIABLES } from './runtime/open-results.ts';

const environment = readEnvironment(
  'DRUMLINE_TABLE',
  'DRUMLINE_SCHEDULER',
  'DRUMLINE_INDEX_MONTHLY',
  ...RESULTS_VARIABLES,
);
/** Retries of Elasticsearch requests and of conflicting starts. Unlike a worker's messages, a command is not repeated. */
const RETRIES = 2;

/** The index settings of new runs. */
const INDEXING: IndexNaming = {
  index: environment.DRUMLINE_INDEX,
  monthly: environment.DRUMLINE_INDEX_MONTHLY === 'true',
};

const table = openTable(environment.DRUMLINE_TABLE);
const results = openResults(environment, { retries: RETRIES });
const lambda = openLambda();

const x = z.int().check(z.minimum(1), z.maximum(1_000_000));
const y = z.int().check(z.minimum(1), z.maximum(1_440));
const pace = z.enum(['burst', 'even']);

const command = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('start'),
    /** Jobs per tick. */
    x,
    /** Minutes between two ticks. */
    y,
    /** Whether a tick's jobs are sent at once or spread evenly over Y minutes. */
    pace: z._default(pace, 'burst'),
    /** Maximum age of late ticks that are still fired, in minutes. */
    backfillMinutes: z._default(z.int().check(z.minimum(0), z.maximum(7 * 1_440)), 0),
    /** Whether the active run, if any, is stopped. Otherwise the start is rejected. */
    replace: z._default(z.boolean(), false),
  }),
  z.strictObject({
    action: z.literal('update'),
    x: z.optional(x),
    y: z.optional(y),
    pace: z.optional(pace),
  }),
  z.strictObject({ action: z.literal('stop') }),
]);

type Start = Extract<z.output<typeof command>, { action: 'start' }>;

/** The result of a command. `replaced` is the id of the run that the start stopped. */
export interface ControlAnswer {
  runId: string;
  x: number;
  y: number;
  pace: Pace;
  running: boolean;
  replaced?: string;
}

/** Starts, updates and stops runs. */
export const handler = jsonHandler(command, async (input, context: Context): Promise<ControlAnswer> => {
  log.addContext(context);
  const answer = await execute(input);
  log.info(input.action, { ...answer });
  return answer;
});

async function execute(input: z.output<typeof command>): Promise<ControlAnswer> {
  if (input.action === 'start') return start(input);
  const run = await readActiveRun(table);
  if (input.action === 'stop') {
    await stopRun(table, run.runId, Date.now());
    return { runId: run.runId, x: run.x, y: run.y, pace: run.pace, running: false };
  }
  if (input.x === undefined && input.y === undefined && input.pace === undefined) {
    throw new ApiError('invalid_input', 'an update needs at least one of x, y and pace');
  }
  const { runId, x, y, pace } = await updateRun(table, run, input, Date.now());
  return { runId, x, y, pace, running: true };
}

/** @throws ApiError `run_active`, `index_conflict` @throws ConditionFailed when other commands kept interfering */
async function start(request: Start): Promise<ControlAnswer> {
  rejectIfActive(await readSchedule(table), request.replace);
  const startedAt = Date.now();
  await ensureIndex(results, indexAt(INDEXING, startedAt));
  // If the ledger is new, the index may still contain jobs of an earlier deployment.
  const firstFreeJobId = ((await highestJobId(results)) + 1) as JobId;
  // A tick of the replaced run may have been claimed since the schedule was read, or another run may have started.
  const { runId, replaced } = await pRetry(() => activate(request, startedAt, firstFreeJobId), {
    retries: RETRIES,
    minTimeout: 0,
    shouldRetry: ({ error }) => error instanceof ConditionFailed,
  });
  // The first tick is due now. If this call fails, the next event of the rule fires it.
  await lambda
    .send(new InvokeCommand({ FunctionName: environment.DRUMLINE_SCHEDULER, InvocationType: 'Event' }))
    .catch((error) => log.warn('the scheduler could not be asked at once', { reason: reasonFrom(error) }));
  const { x, y, pace } = request;
  return { runId, x, y, pace, running: true, ...(replaced && { replaced }) };
}

/** Makes a new run the active one. @throws ConditionFailed when the schedule has changed since it was read */
async function activate(
  { x, y, pace, backfillMinutes, replace }: Start,
  startedAt: number,
  firstFreeJobId: JobId,
): Promise<{ runId: RunId; replaced: RunId | undefined }> {
  const schedule = await readSchedule(table);
  rejectIfActive(schedule, replace);
  const runId = newRunId(startedAt);
  const run = { runId, x, y, pace, indexing: INDEXING, backfillMinutes, startedAt, firstFreeJobId };
  await startRun(table, schedule, run, schedule.activeRunId);
  return { runId, replaced: schedule.activeRunId };
}

function rejectIfActive({ activeRunId }: Schedule, replace: boolean): void {
  if (!activeRunId || replace) return;
  throw new ApiError(
    'run_active',
    `the run ${activeRunId} is active; stop it first, or start with replace: true`,
    { runId: activeRunId },
  );
}
