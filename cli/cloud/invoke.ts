import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { ControlAnswer, ScaleAnswer } from '../../functions/control.ts';
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

export type { JobReport, ResultsPage, RunStatus, RunsPage, Status, TickStatus, TicksPage, Verification };

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

/** The documents that a query finds, in ascending order of their jobIds, page by page. */
export async function* searchResults(
  deployment: Deployment,
  signal: AbortSignal,
  { limit, ...query }: { query: string; runId?: string | undefined; limit: number },
): AsyncGenerator<ResultsPage> {
  let after: number | undefined;
  let remaining = limit;
  do {
    const size = Math.min(remaining, MAX_PAGE_DOCUMENTS);
    const page = await invoke<ResultsPage>(
      deployment,
      'status',
      { results: { ...query, size, after } },
      signal,
    );
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
