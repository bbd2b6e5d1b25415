import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { ControlAnswer } from '../../functions/control.ts';
import type { Pace } from '../../functions/core/model/schedule.ts';
import type { Verification } from '../../functions/core/verify/verify.ts';
import type { ErrorAnswer } from '../../functions/runtime/json-handler.ts';
import type { RunStatus, Status } from '../../functions/status.ts';
import { CommandError, UsageError } from '../terminal/errors.ts';
import type { Deployment, FunctionName } from './deployment.ts';

export type { ControlAnswer as Controlled, RunStatus, Status, Verification };

/** What `control` is asked to do. */
export type Command =
  | { action: 'start'; x: number; y: number; pace?: Pace; backfillMinutes?: number; replace?: boolean }
  | { action: 'update'; x?: number; y?: number; pace?: Pace }
  | { action: 'stop' };

/** How Drumline stands; of one run, or of the active or last one. */
export function readStatus(deployment: Deployment, signal: AbortSignal, runId?: string): Promise<Status> {
  return invoke(deployment, 'status', runId === undefined ? {} : { runId }, signal);
}

/** The newest runs, newest first. */
export async function readRuns(
  deployment: Deployment,
  signal: AbortSignal,
  limit: number,
): Promise<RunStatus[]> {
  const { runs } = await invoke<{ runs: RunStatus[] }>(deployment, 'status', { runs: limit }, signal);
  return runs;
}

/** Starts, changes or stops a run. */
export function control(
  deployment: Deployment,
  signal: AbortSignal,
  command: Command,
): Promise<ControlAnswer> {
  return invoke(deployment, 'control', command, signal);
}

/** Compares the ledger with the results. */
export function verify(deployment: Deployment, signal: AbortSignal, runId?: string): Promise<Verification> {
  return invoke(deployment, 'verify', runId === undefined ? {} : { runId }, signal);
}

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
      `The function ${functions[name]} failed: ${failureIn(text)}`,
      target.command(`logs ${name} --since 5m`),
    );
  }
  const answered = JSON.parse(text) as Answer | ErrorAnswer;
  if (isRefusal(answered)) throw troubleOf(answered.error, target.command);
  return answered;
}

function isRefusal(answer: unknown): answer is ErrorAnswer {
  return typeof answer === 'object' && answer !== null && 'error' in answer;
}

/** A function's refusal, with what to do about it. */
export function troubleOf(
  { code, message, details }: ErrorAnswer['error'],
  command: (words: string) => string,
): CommandError {
  switch (code) {
    case 'run_active':
      return new CommandError(
        code,
        `The run ${details?.runId} is active.`,
        `Stop it first (${command('stop')}), or start with --replace.`,
      );
    case 'no_active_run':
      return new CommandError(code, 'No run is active.', `Start one: ${command('start --x 1000 --y 1')}`);
    case 'no_such_run':
      return new CommandError(code, sentence(message.split(';')[0] ?? message), command('runs'));
    case 'invalid_input':
      return new UsageError(sentence(message), command('--help'));
    case 'results_unavailable':
      return new CommandError(
        code,
        sentence(message),
        `See whether Elasticsearch runs: ${command('doctor')}`,
      );
    default:
      return new CommandError(code, sentence(message), 'Run the command again.');
  }
}

function failureIn(payload: string): string {
  try {
    const { errorType, errorMessage } = JSON.parse(payload) as { errorType?: string; errorMessage?: string };
    return [errorType, errorMessage].filter(Boolean).join(': ') || payload;
  } catch {
    return payload || 'it gave no reason';
  }
}

function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
