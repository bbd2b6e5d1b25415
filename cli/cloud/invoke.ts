import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { ControlAnswer, ForgetAnswer, ScaleAnswer } from '../../functions/control.ts';
import { chunk } from '../../functions/core/grouping.ts';
import type { DeadLettersPage } from '../../functions/core/jobs/find-dead-letters.ts';
import type { JobReport } from '../../functions/core/jobs/find-job.ts';
import type { ScalingRule } from '../../functions/core/model/scaling.ts';
import type { Pace } from '../../functions/core/model/schedule.ts';
import { MAX_PAGE_DOCUMENTS, type ResultsPage } from '../../functions/core/results/query.ts';
import type { TickStatus, TicksPage } from '../../functions/core/schedule/tick-status.ts';
import type { Verification } from '../../functions/core/verify/verify.ts';
import type { ErrorAnswer } from '../../functions/runtime/json-handler.ts';
import type { RunStatus, RunsPage, Status } from '../../functions/status.ts';
import { CommandError, UsageError } from '../terminal/errors.ts';
import { sentence } from '../terminal/format.ts';
import type { Deployment, FunctionName } from './deployment.ts';

export type {
  DeadLettersPage,
  JobReport,
  ResultsPage,
  RunStatus,
  RunsPage,
  Status,
  TickStatus,
  TicksPage,
  Verification,
};

/** When ticks are due. The function accepts either `y`, or `cron` with or without `timezone`. */
export interface PeriodOptions {
  /** Minutes between ticks. */
  y?: number;
  cron?: string;
  timezone?: string;
}

/** A request to the `control` function. */
export type ControlRequest =
  | ({
      action: 'start';
      x?: number | 'all';
      pace?: Pace;
      backfillMinutes?: number;
      replace?: boolean;
    } & PeriodOptions)
  | ({ action: 'update'; x?: number | 'all'; pace?: Pace } & PeriodOptions)
  | { action: 'stop' };

/** Reads the status of a run: the active or last run unless given. */
export function readStatus(deployment: Deployment, signal: AbortSignal, runId?: string): Promise<Status> {
  return invoke(deployment, 'status', runId === undefined ? {} : { runId }, signal);
}

/**
 * Reads a page of runs, the newest first.
 * @param page `size`: 1 to 100; `before`: the ID of a run, for runs that started before it
 */
export function readRunsPage(
  deployment: Deployment,
  signal: AbortSignal,
  page: { size: number; before?: string | undefined },
): Promise<RunsPage> {
  return invoke(deployment, 'status', { runs: page }, signal);
}

/**
 * Reads a page of a run's ticks, the newest first.
 * @param page `size`: 1 to 500; `before`: the number of a tick, for earlier ticks
 * @throws CommandError `no_such_run`
 */
export function readTicks(
  deployment: Deployment,
  signal: AbortSignal,
  page: { runId: string; size: number; before?: number | undefined },
): Promise<TicksPage> {
  return invoke(deployment, 'status', { ticks: page }, signal);
}

/** Reads everything about one job. */
export function readJob(deployment: Deployment, signal: AbortSignal, jobId: number): Promise<JobReport> {
  return invoke(deployment, 'status', { jobId }, signal);
}

/** What to find, in Elasticsearch's query string syntax, and in which run: in all runs unless given. */
export interface DocumentsSelection {
  query: string;
  runId?: string | undefined;
}

/** The documents that a query finds, in ascending order of their jobIds, page by page. @param selection after: a page's `next` */
export function searchResults(
  deployment: Deployment,
  signal: AbortSignal,
  selection: DocumentsSelection & { limit: number; after?: number | undefined },
): AsyncGenerator<ResultsPage> {
  return pagesOf(selection, (results) => invoke(deployment, 'status', { results }, signal));
}

/** The dead letters that a query finds, like `searchResults`. */
export function searchAllDeadLetters(
  deployment: Deployment,
  signal: AbortSignal,
  selection: DocumentsSelection & { limit: number },
): AsyncGenerator<DeadLettersPage> {
  return pagesOf(selection, (page) => searchDeadLetters(deployment, signal, page));
}

/** A page of the dead letters that a query finds. @param request size: 1 to 1,000; after: the `next` of the page before */
export function searchDeadLetters(
  deployment: Deployment,
  signal: AbortSignal,
  request: DocumentsSelection & { size: number; after?: number | undefined },
): Promise<DeadLettersPage> {
  return invoke(deployment, 'status', { deadLetters: request }, signal);
}

/** The jobs of all dead letters that a query finds. */
export async function findDeadLetterIds(
  deployment: Deployment,
  signal: AbortSignal,
  { query, runId }: DocumentsSelection,
): Promise<Set<number>> {
  const found = new Set<number>();
  let after: number | undefined;
  do {
    const request = { deadLetterIds: { query, runId, after } };
    const page = await invoke<{ jobIds: number[]; next?: number }>(deployment, 'status', request, signal);
    for (const jobId of page.jobIds) found.add(jobId);
    after = page.next;
  } while (after !== undefined);
  return found;
}

/** The documents of all pages, one by one. */
export async function* documentsOf<Document>(
  pages: AsyncIterable<{ documents: Document[] }>,
): AsyncGenerator<Document> {
  for await (const { documents } of pages) yield* documents;
}

async function* pagesOf<Page extends { documents: unknown[]; next?: number }>(
  { limit, after: start, ...selection }: DocumentsSelection & { limit: number; after?: number | undefined },
  read: (request: DocumentsSelection & { size: number; after: number | undefined }) => Promise<Page>,
): AsyncGenerator<Page> {
  let after = start;
  let remaining = limit;
  do {
    const page = await read({ ...selection, size: Math.min(remaining, MAX_PAGE_DOCUMENTS), after });
    yield page;
    remaining -= page.documents.length;
    after = page.next;
  } while (after !== undefined && remaining > 0);
}

/** Starts, updates or stops a run. */
export function control(
  deployment: Deployment,
  signal: AbortSignal,
  request: ControlRequest,
): Promise<ControlAnswer> {
  return invoke(deployment, 'control', request, signal);
}

/** Sets the rule for the number of workers. The autoscaler applies it afterwards. */
export function setRule(
  deployment: Deployment,
  signal: AbortSignal,
  rule: ScalingRule,
): Promise<ScaleAnswer> {
  const { min, max, drainWithinSeconds } = rule;
  const within = drainWithinSeconds !== undefined && { drainWithinSeconds };
  return invoke(deployment, 'control', { action: 'scale', min, max, ...within }, signal);
}

/** Maximum jobIds that the control function forgets at once. */
const MAX_FORGOTTEN = 1_000;

/** Deletes the documents of dead letters that are no longer in the queue: of some jobs, or all of an earlier time (ISO 8601). */
export async function forgetDeadLetters(
  deployment: Deployment,
  signal: AbortSignal,
  which: { jobIds: readonly number[] } | { before: string },
): Promise<void> {
  const forget = (request: object) =>
    invoke<ForgetAnswer>(deployment, 'control', { action: 'forget-dead-letters', ...request }, signal);
  if ('before' in which) while ((await forget(which)).more);
  else for (const jobIds of chunk(which.jobIds, { count: MAX_FORGOTTEN })) await forget({ jobIds });
}

/** Compares the ledger with the results of a run: the active or last run unless given. */
export function verify(deployment: Deployment, signal: AbortSignal, runId?: string): Promise<Verification> {
  return invoke(deployment, 'verify', runId === undefined ? {} : { runId }, signal);
}

/** @throws CommandError for an error that the function has answered with, or `function_failed` */
async function invoke<Answer>(
  { target, functions }: Deployment,
  name: FunctionName,
  input: object,
  abortSignal: AbortSignal,
): Promise<Answer> {
  const answer = await target.clients.lambda.send(
    new InvokeCommand({ FunctionName: functions[name], Payload: JSON.stringify(input) }),
    { abortSignal },
  );
  const text = answer.Payload?.transformToString() ?? '';
  if (answer.FunctionError !== undefined) {
    throw new CommandError(
      'function_failed',
      `The function ${functions[name]} failed: ${errorIn(text)}`,
      target.command(`logs ${name} --since 5m`),
    );
  }
  const result = JSON.parse(text) as Answer | ErrorAnswer;
  if (isError(result)) throw commandErrorOf(result.error, target.command);
  return result;
}

function isError(answer: unknown): answer is ErrorAnswer {
  return typeof answer === 'object' && answer !== null && 'error' in answer;
}

/** Turns an error that a function has answered with into a `CommandError`, with what to do. */
export function commandErrorOf(
  { code, message, details }: ErrorAnswer['error'],
  command: (words: string) => string,
): CommandError {
  switch (code) {
    case 'run_active':
      return new CommandError(
        code,
        `The run ${details?.runId} is active.`,
        `Stop it first (${command('stop')}), or add --replace.`,
      );
    case 'no_active_run':
      return new CommandError(code, 'No run is active.', `Start one: ${command('start --x 1000 --y 1')}`);
    case 'no_such_run':
      return new CommandError(code, sentence(message.split(';')[0] ?? message), command('runs'));
    case 'no_such_job':
      return new CommandError(code, sentence(message.split(':')[0] ?? message), command('runs'));
    case 'invalid_query':
      return new UsageError(
        sentence(message),
        'The syntax is that of Elasticsearch’s query strings. Quote texts with special characters: output.url:"https://…"',
      );
    case 'invalid_input':
      return new UsageError(sentence(message), command('--help'));
    case 'results_unavailable':
      return new CommandError(code, sentence(message), `Check Elasticsearch: ${command('doctor')}`);
    default:
      return new CommandError(code, sentence(message), 'Run the command again.');
  }
}

function errorIn(payload: string): string {
  try {
    const { errorType, errorMessage } = JSON.parse(payload) as { errorType?: string; errorMessage?: string };
    return [errorType, errorMessage].filter(Boolean).join(': ') || payload;
  } catch {
    return payload || 'it gave no reason';
  }
}
