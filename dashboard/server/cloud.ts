import type { PurgeResult, RetryResult } from '../../cli/cloud/dead-letters.ts';
import type { FunctionName } from '../../cli/cloud/deployment.ts';
import type { LogLine } from '../../cli/cloud/log-line.ts';
import type { DeadLettersPage } from '../../functions/core/jobs/find-dead-letters.ts';
import type { ResultsPage } from '../../functions/core/results/query.ts';
import type { TicksPage } from '../../functions/core/schedule/tick-status.ts';
import type { Verification } from '../../functions/core/verify/verify.ts';
import type { RunsPage, Status } from '../../functions/status.ts';
import type { About, Change, DeadLetterSelection, JobStory, RetrySelection, RunCost } from '../protocol.ts';

/**
 * What the dashboard asks of a deployment. `DeployedCloud` asks the functions with the user's credentials. Every method
 * throws a `CommandError` that says what happened and what to do.
 */
export interface Cloud {
  readonly about: Pick<About, 'target' | 'stage' | 'stackName' | 'commandOptions'>;
  /** Reads the active or last run, or the given one. */
  status(signal: AbortSignal, runId?: string): Promise<Status>;
  /** Reads log lines, from `since` (milliseconds since 1970). @param functions all of them unless given */
  logs(since: number, functions?: readonly FunctionName[]): LogSource;
  /** Reads a page of runs, the newest first. */
  runs(signal: AbortSignal, page: { size: number; before?: string | undefined }): Promise<RunsPage>;
  /** Reads a page of a run's ticks, the newest first. */
  ticks(
    signal: AbortSignal,
    page: { runId: string; size: number; before?: number | undefined },
  ): Promise<TicksPage>;
  /** What a run has cost on AWS so far; undefined if it is not known. It never throws. */
  cost(signal: AbortSignal, run: Status): Promise<RunCost | undefined>;
  job(signal: AbortSignal, jobId: number): Promise<JobStory>;
  results(signal: AbortSignal, search: Search): Promise<ResultsPage>;
  deadLetters(signal: AbortSignal, search: Search): Promise<DeadLettersPage>;
  retryDeadLetters(
    signal: AbortSignal,
    selection: RetrySelection,
    onProgress: (message: string) => void,
  ): Promise<RetryResult>;
  purgeDeadLetters(
    signal: AbortSignal,
    selection: DeadLetterSelection,
    onProgress: (message: string) => void,
  ): Promise<PurgeResult>;
  /** Sends a change to the control function. For `scale`, waits until the autoscaler has applied it. */
  change(signal: AbortSignal, change: Change): Promise<unknown>;
  verify(signal: AbortSignal, runId?: string): Promise<Verification>;
  /** An error as one that says what to do. */
  explain(error: unknown): unknown;
}

/** Log lines in the order of their times. */
export interface LogSource {
  /** Reads the lines that are new since the last call. After a failed reading, the next one returns the lines of both. */
  read(signal: AbortSignal): Promise<LogLine[]>;
}

/** A search for documents. */
export interface Search {
  query: string;
  runId?: string | undefined;
  size: number;
  after?: number | undefined;
}
