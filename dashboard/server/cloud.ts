import type { RetryResult } from '../../cli/cloud/dead-letters.ts';
import type { LogLine } from '../../cli/cloud/log-line.ts';
import type { JobReport } from '../../functions/core/jobs/find-job.ts';
import type { ResultsPage } from '../../functions/core/results/query.ts';
import type { Verification } from '../../functions/core/verify/verify.ts';
import type { RunStatus, Status } from '../../functions/status.ts';
import type { About, Change, DeadLetterSelection, DeadLettersPage, RetrySelection } from '../protocol.ts';

/**
 * What the dashboard asks of a deployment. `DeployedCloud` asks the functions with the user's credentials. Every method
 * throws a `CommandError` that says what happened and what to do.
 */
export interface Cloud {
  readonly about: Pick<About, 'target' | 'stage' | 'stackName' | 'commandOptions'>;
  /** Reads the active or last run, or the given one. */
  status(signal: AbortSignal, runId?: string): Promise<Status>;
  /** Reads the log lines of all functions that are new since the last call; the first call reads from `since`. */
  logs(since: number): { read(signal: AbortSignal): Promise<LogLine[]> };
  runs(signal: AbortSignal, limit: number): Promise<RunStatus[]>;
  job(signal: AbortSignal, jobId: number): Promise<JobReport & { log: LogLine[] }>;
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
  ): Promise<{ purged: number }>;
  /** Sends a change to the control function. For `scale`, waits until the autoscaler has applied it. */
  change(signal: AbortSignal, change: Change): Promise<unknown>;
  verify(signal: AbortSignal, runId?: string): Promise<Verification>;
  /** An error as one that says what to do. */
  explain(error: unknown): unknown;
}

/** A search for documents. */
export interface Search {
  query: string;
  runId?: string | undefined;
  size: number;
  after?: number | undefined;
}
