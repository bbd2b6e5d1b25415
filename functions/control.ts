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
import { ensureIndex } from './core/results/ensure-index.ts';
import { highestJobId } from './core/results/search.ts';
import * as z from './core/zod.ts';
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
/** Somebody waits for the answer, and nothing comes back by itself as a worker's messages do. */
const RETRIES = 2;

/** Where the runs that it starts have their documents. */
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
    /** Jobs a tick, and whole minutes from tick to tick. */
    x,
    y,
    /** All of a tick's jobs at once, or spread evenly over its Y minutes. */
    pace: z._default(pace, 'burst'),
    /** How far back missed ticks are fired, in minutes. */
    backfillMinutes: z._default(z.int().check(z.minimum(0), z.maximum(7 * 1_440)), 0),
    /** Whether a run that is active may be stopped by this. */
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

/** What a command has done; `replaced` names the run that a start has stopped. */
export interface ControlAnswer {
  runId: string;
  x: number;
  y: number;
  pace: Pace;
  running: boolean;
  replaced?: string;
}

/** Starts, changes and stops runs. */
export const handler = jsonHandler(command, async (input, context: Context): Promise<ControlAnswer> => {
  log.addContext(context);
  const done = await carryOut(input);
  log.info(input.action, { ...done });
  return done;
});

async function carryOut(input: z.output<typeof command>): Promise<ControlAnswer> {
  if (input.action === 'start') return start(input);
  const run = await readActiveRun(table);
  if (input.action === 'stop') {
    await stopRun(table, run.runId, Date.now());
    return { runId: run.runId, x: run.x, y: run.y, pace: run.pace, running: false };
  }
  if (input.x === undefined && input.y === undefined && input.pace === undefined) {
    throw new ApiError('invalid_input', 'an update changes x, y or pace; give at least one');
  }
  const { runId, x, y, pace } = await updateRun(table, run, input, Date.now());
  return { runId, x, y, pace, running: true };
}

async function start(asked: Start): Promise<ControlAnswer> {
  refuseWhileActive(await readSchedule(table), asked.replace);
  const startedAt = Date.now();
  await ensureIndex(results, indexAt(INDEXING, startedAt));
  // Where the ledger was lost or made anew, the index may hold jobs of a deployment before this one.
  const firstFreeJobId = ((await highestJobId(results)) + 1) as JobId;
  // A tick of the run that this one replaces may fire in between; or another start was first, and says so to this one.
  const { runId, replaced } = await pRetry(() => take(asked, startedAt, firstFreeJobId), {
    retries: RETRIES,
    minTimeout: 0,
    shouldRetry: ({ error }) => error instanceof ConditionFailed,
  });
  // The first tick is due already; should this call be lost, the rule's next event fires it.
  await lambda
    .send(new InvokeCommand({ FunctionName: environment.DRUMLINE_SCHEDULER, InvocationType: 'Event' }))
    .catch((error) => log.warn('the scheduler could not be asked at once', { reason: reasonFrom(error) }));
  const { x, y, pace } = asked;
  return { runId, x, y, pace, running: true, ...(replaced && { replaced }) };
}

/** Makes a new run the active one. @throws ConditionFailed when the schedule has moved on since it was read */
async function take(
  { x, y, pace, backfillMinutes, replace }: Start,
  startedAt: number,
  firstFreeJobId: JobId,
): Promise<{ runId: RunId; replaced: RunId | undefined }> {
  const schedule = await readSchedule(table);
  refuseWhileActive(schedule, replace);
  const runId = newRunId(startedAt);
  const run = { runId, x, y, pace, indexing: INDEXING, backfillMinutes, startedAt, firstFreeJobId };
  await startRun(table, schedule, run, schedule.activeRunId);
  return { runId, replaced: schedule.activeRunId };
}

function refuseWhileActive({ activeRunId }: Schedule, replace: boolean): void {
  if (!activeRunId || replace) return;
  throw new ApiError(
    'run_active',
    `the run ${activeRunId} is active; stop it first, or start with replace: true`,
    {
      runId: activeRunId,
    },
  );
}
