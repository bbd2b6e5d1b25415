import { setTimeout } from 'node:timers/promises';
import type { Call } from '../../cli/cloud/call.ts';
import { explainError } from '../../cli/cloud/client-errors.ts';
import { countDeadLetters, purgeDeadLetters, retryDeadLetters } from '../../cli/cloud/dead-letters.ts';
import { type Deployment, FUNCTIONS, type FunctionName } from '../../cli/cloud/deployment.ts';
import {
  control,
  readJob,
  readRunsPage,
  readStatus,
  readTicks,
  searchDeadLetters,
  searchResults,
  verify,
} from '../../cli/cloud/invoke.ts';
import { readJobLog } from '../../cli/cloud/job-log.ts';
import { LogReader } from '../../cli/cloud/read-logs.ts';
import { scale } from '../../cli/cloud/scale.ts';
import { readSizing } from '../../cli/cloud/sizing.ts';
import { purgeProgress, retryProgress } from '../../cli/runs/dead-letter-text.ts';
import type { Status } from '../../functions/status.ts';
import type { Sizing } from '../../plan/packing.ts';
import { totalDollars } from '../../plan/prices.ts';
import { costOfRun } from '../../plan/run-cost.ts';
import type { Change, DeadLetterSelection, JobStory, RetrySelection, RunCost } from '../protocol.ts';
import type { Cloud, Search } from './cloud.ts';

/** When a poll is given up, in milliseconds: as late as the status function (infra-cdk/constructs/drumline-function.ts). */
const POLL_TIMEOUT_MS = 30_000;

/**
 * The time between two calls of FilterLogEvents on AWS, in milliseconds: at most two per second. An account has at least five
 * per second and region ("CloudWatch Logs quotas"), and other readers need some of them.
 */
const LOG_CALL_EVERY_MS = 500;

/** Each line is transferred, and paid for, in several readings, so they overlap less than those of `drumline logs`. */
const AWS_OVERLAPS = { usualMs: 10_000, longMs: 60_000, longEvery: 12 };

/** Asks the functions of a deployment, with the user's credentials. */
export class DeployedCloud implements Cloud {
  readonly about: Cloud['about'];
  /** It changes only with a deployment, so it is read once. */
  #sizing: Promise<Sizing> | undefined;

  #deployment: Deployment;
  /** Whether the deployment may have changed: the cloud did not answer as expected. */
  #isDoubtful = false;
  #nextLogCallAt = 0;

  constructor(
    readonly call: Pick<Call, 'signal' | 'deployment'>,
    deployment: Deployment,
  ) {
    this.#deployment = deployment;
    const { name, stage, stackName, options } = deployment.target;
    this.about = { target: name, stage, stackName, commandOptions: options };
  }

  async status(signal: AbortSignal, runId?: string) {
    const timeout = AbortSignal.timeout(POLL_TIMEOUT_MS);
    try {
      // The local cloud may have been wiped and deployed again, with other queues.
      if (this.#isDoubtful) this.#deployment = await this.call.deployment();
      const status = await readStatus(this.#deployment, AbortSignal.any([signal, timeout]), runId);
      this.#isDoubtful = false;
      return status;
    } catch (error) {
      if (runId === undefined) this.#isDoubtful = true;
      throw timeout.aborted && !signal.aborted ? timeout.reason : error;
    }
  }

  logs(since: number, functions: readonly FunctionName[] = FUNCTIONS) {
    const rules = { overlaps: AWS_OVERLAPS, beforeCall: () => this.#untilNextLogCall() };
    return new LogReader(this.#deployment, functions, since, {
      ...(this.about.target === 'aws' && rules),
    });
  }

  /** Spreads the calls of all readers evenly. */
  async #untilNextLogCall(): Promise<void> {
    const now = Date.now();
    const at = Math.max(now, this.#nextLogCallAt);
    this.#nextLogCallAt = at + LOG_CALL_EVERY_MS;
    if (at > now) await setTimeout(at - now);
  }

  runs(signal: AbortSignal, page: { size: number; before?: string | undefined }) {
    return readRunsPage(this.#deployment, signal, page);
  }

  ticks(signal: AbortSignal, page: { runId: string; size: number; before?: number | undefined }) {
    return readTicks(this.#deployment, signal, page);
  }

  async cost(signal: AbortSignal, run: Status): Promise<RunCost | undefined> {
    try {
      this.#sizing ??= readSizing(this.#deployment, signal);
      const sizing = await this.#sizing;
      const jobMs = run.timing?.jobMs ?? this.#deployment.workMs;
      const services = costOfRun({ run, sizing, jobMs, until: Date.now() });
      return { total: totalDollars(services), services };
    } catch {
      // A cost is worth less than the answer that it belongs to.
      this.#sizing = undefined;
      return undefined;
    }
  }

  async job(signal: AbortSignal, jobId: number): Promise<JobStory> {
    const report = await readJob(this.#deployment, signal, jobId);
    try {
      return { ...report, log: await readJobLog(this.#deployment, report, signal) };
    } catch (error) {
      // Without a log, the rest is still worth showing.
      signal.throwIfAborted();
      return { ...report, log: [], logProblem: (error as Error).message };
    }
  }

  async results(signal: AbortSignal, { size, ...search }: Search) {
    for await (const page of searchResults(this.#deployment, signal, { ...search, limit: size })) return page;
    return { total: 0, documents: [] };
  }

  deadLetters(signal: AbortSignal, search: Search) {
    return searchDeadLetters(this.#deployment, signal, search);
  }

  async retryDeadLetters(
    signal: AbortSignal,
    selection: RetrySelection,
    onProgress: (message: string) => void,
  ) {
    // Malformed dead letters would be dead letters again at once.
    const wanted = 'all' in selection ? { ...selection, malformed: false } : selection;
    const about = await countDeadLetters(this.#deployment, signal, wanted);
    return retryDeadLetters(this.#deployment, wanted, signal, (result) =>
      onProgress(retryProgress(result, about)),
    );
  }

  async purgeDeadLetters(
    signal: AbortSignal,
    selection: DeadLetterSelection,
    onProgress: (message: string) => void,
  ) {
    const about = await countDeadLetters(this.#deployment, signal, selection);
    return purgeDeadLetters(this.#deployment, selection, signal, (result) =>
      onProgress(purgeProgress(result, about)),
    );
  }

  change(signal: AbortSignal, change: Change): Promise<unknown> {
    if (change.action !== 'scale') return control(this.#deployment, signal, change);
    const { action: _, ...rule } = change;
    return scale(this.#deployment, signal, rule);
  }

  verify(signal: AbortSignal, runId?: string) {
    return verify(this.#deployment, signal, runId);
  }

  explain(error: unknown) {
    return explainError(error, this.#deployment.target, this.call.signal);
  }
}
