import type { Context } from 'aws-lambda';
import { readSchedule } from './core/ledger/runs.ts';
import { RUN_ID, type RunId } from './core/model/ids.ts';
import * as z from './core/model/zod.ts';
import { type Verification, verify } from './core/verify/verify.ts';
import { openTable } from './runtime/aws-clients.ts';
import { readEnvironment } from './runtime/environment.ts';
import { jsonHandler, noSuchRun } from './runtime/json-handler.ts';
import { log } from './runtime/logger.ts';
import { openResults, RESULTS_VARIABLES } from './runtime/open-results.ts';

const environment = readEnvironment('DRUMLINE_TABLE', ...RESULTS_VARIABLES);
/** Longer timeout than a worker's, in milliseconds, and retries: the searches are heavy and must all succeed. */
const SEARCH_OPTIONS = { timeoutMs: 30_000, retries: 3 };

const table = openTable(environment.DRUMLINE_TABLE);
const results = openResults(environment, SEARCH_OPTIONS);

/** An empty query asks for the active or last run, `runId` for that run. */
const query = z.nullish(z.strictObject({ runId: z.optional(z.string().check(z.regex(RUN_ID))) }));

const NO_RUN: Verification = {
  ok: true,
  runId: null,
  enqueued: 0,
  processed: 0,
  failed: 0,
  pending: 0,
  documents: 0,
  duplicates: 0,
  missing: { count: 0, first: [] },
  message: 'there has been no run yet',
};

/** Compares the ledger with the results index, and answers whether every job was counted and stored once. */
export const handler = jsonHandler(query, async (input, context: Context): Promise<Verification> => {
  log.addContext(context);
  const schedule = await readSchedule(table);
  const runId = (input?.runId as RunId | undefined) ?? schedule.activeRunId ?? schedule.lastRunId;
  if (!runId) return NO_RUN;
  const verification = await verify(table, results, runId);
  if (!verification) throw noSuchRun(runId);
  log.info('verified', { verification });
  return verification;
});
