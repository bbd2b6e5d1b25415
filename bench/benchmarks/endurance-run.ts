import { setMaxListeners } from 'node:events';
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from '../../cli/cloud/call.ts';
import { deploy } from '../../cli/cloud/deploy.ts';
import type { Deployment } from '../../cli/cloud/deployment.ts';
import { control, readStatus, type Status, type Verification, verify } from '../../cli/cloud/invoke.ts';
import type { GivenSettings } from '../../cli/cloud/settings.ts';
import { startRun } from '../../cli/runs/control-run.ts';
import { drainRun } from '../../cli/runs/follow-run.ts';
import { CommandError } from '../../cli/terminal/errors.ts';
import { count, counted } from '../../cli/terminal/format.ts';
import { silently } from '../../local/base/steps.ts';
import { inspect, up } from '../../local/cloud.ts';
import { processesOf } from '../../test/fixtures/function-processes.ts';
import type { Context, Row } from '../harness/benchmark.ts';
import type { OwnCloud } from '../harness/own-cloud.ts';
import { HOPELESS_EVERY } from './endurance-job.ts';
import { type Disturbance, planOf } from './endurance-plan.ts';
import { backlogOf, drawRun, type Happening, type Sample, workerMinutes } from './endurance-samples.ts';

export interface Options {
  minutes: number;
  jobs: number;
  every: number;
  outageSeconds: number;
}

/** A change of the number of workers. */
interface Decision {
  minute: number;
  from: number | null;
  to: number;
  reason: string;
  /** Why Lambda has refused it. */
  problem?: string;
}

export interface EnduranceRow extends Row {
  minutes: number;
  jobs: number;
  processed: number;
  failed: number;
  documents: number;
  duplicates: number;
  missing: number;
  ticks: number;
  missedTicks: number;
  killedWorkers: number;
  outages: number;
  deployments: number;
  /** Documents by the number of the code that wrote them. */
  releases: { [release: string]: number };
  maxBacklog: number;
  /** From the stop of the run to its last job, in seconds. */
  drainSeconds: number;
  workerMinutes: number;
  decisions: Decision[];
}

const STAGE = 'endurance';

/** One worker does 40 jobs of 100 ms per second, so that the load needs several. */
const SCALING: GivenSettings = { autoscale: '1:8', concurrency: '1', jobConcurrency: '4' };

const SAMPLE_MS = 5_000;
const REPORT_MS = 60_000;

/** How long a kill waits for a worker with work. Then it kills an idle one. */
const BUSY_WITHIN_MS = 60_000;

/** One long run on its own cloud. */
export class LongRun {
  readonly #samples: Sample[] = [];
  readonly #happenings: Happening[] = [];
  /** Changes of the number of workers, by their times. */
  readonly #decisions = new Map<string, Decision>();
  #lastSeen = new Map<string, number>();
  #latest: Status | undefined;
  #startedAt = 0;
  #killed = 0;

  private constructor(
    readonly context: Context<Options>,
    readonly cloud: OwnCloud,
    readonly call: Call,
    readonly deployment: Deployment,
    /** Holds the job files, and what was seen: a run that fails leaves its samples here. */
    readonly folder: string,
  ) {}

  static async open(context: Context<Options>): Promise<LongRun> {
    const cloud = await context.cloud();
    const call = cloud.call(STAGE);
    const folder = join(cloud.home.root, STAGE);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const { deployment } = await deploy(call, { ...SCALING, jobFile: await writeJob(folder, 1) });
    return new LongRun(context, cloud, call, deployment, folder);
  }

  async toTheEnd(): Promise<EnduranceRow> {
    const { call, deployment, context } = this;
    const { minutes, jobs, every } = context.options;
    const [first, ...later] = planOf(minutes);
    const x = first?.kind === 'load' ? jobsAt(first.share, jobs) : jobs;
    this.#startedAt = Date.now();
    const runId = await startRun(deployment, x, every);
    const failed = new AbortController();
    const signal = AbortSignal.any([context.signal, failed.signal]);
    // Each disturbance waits with a listener of its own.
    setMaxListeners(0, signal);
    const sampled = new AbortController();
    const sampling = this.#sampleUntil(AbortSignal.any([signal, sampled.signal]));
    try {
      const end = this.#at(minutes, signal);
      const disturbances = later.map((one) =>
        this.#at(one.minute, signal).then(() => this.#disturb(one, signal)),
      );
      await Promise.all([end, ...disturbances]);
      this.#note('stop');
      await control(deployment, signal, { action: 'stop' });
      const stoppedAt = Date.now();
      const status = await drainRun({ ...call, signal }, deployment, runId);
      const drainSeconds = Math.round((Date.now() - stoppedAt) / 1_000);
      await sleep(SAMPLE_MS, undefined, { signal });
      sampled.abort();
      await sampling;
      return await this.#result(status, drainSeconds);
    } finally {
      failed.abort();
      await sampling;
      await this.#keepPlot();
    }
  }

  async #disturb(one: Disturbance, signal: AbortSignal): Promise<void> {
    const { deployment, cloud, call, context } = this;
    switch (one.kind) {
      case 'load': {
        const x = jobsAt(one.share, context.options.jobs);
        await control(deployment, signal, { action: 'update', x });
        return this.#note(`X ${count(x)}`, false);
      }
      case 'deploy': {
        this.#note(`deploy ${one.release}`);
        const jobFile = await writeJob(this.folder, one.release);
        await deploy({ ...call, step: silently, signal }, { ...SCALING, jobFile });
        return this.#note(`code ${one.release} is deployed`, false);
      }
      case 'kill':
        await this.#untilBusy(signal);
        return this.#kill();
      case 'outage': {
        const { elasticsearch } = await inspect(cloud.home);
        if (!elasticsearch.running) throw new Error('Elasticsearch does not run');
        process.kill(elasticsearch.pid, 'SIGKILL');
        this.#note('Elasticsearch down');
        await sleep(context.options.outageSeconds * 1_000, undefined, { signal });
        await up(cloud.home, { step: silently, signal });
        return this.#note('up');
      }
    }
  }

  /** Kills one worker, chosen at random: those with work and those without. */
  #kill(): void {
    const pids = processesOf(this.cloud.home, this.deployment.functions.consumer);
    const pid = pids[Math.floor(Math.random() * pids.length)];
    if (pid === undefined) {
      this.#note('no worker to kill', false);
      return;
    }
    process.kill(pid, 'SIGKILL');
    this.#killed++;
    this.#note('kill');
  }

  async #untilBusy(signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + BUSY_WITHIN_MS;
    while ((this.#latest?.queue.inFlight ?? 0) === 0 && Date.now() < deadline)
      await sleep(200, undefined, { signal });
  }

  async #sampleUntil(signal: AbortSignal): Promise<void> {
    let reportAt = 0;
    while (!signal.aborted) {
      try {
        const status = await readStatus(this.deployment, signal);
        this.#take(status);
        if (Date.now() >= reportAt) {
          reportAt = Date.now() + REPORT_MS;
          this.#report(status);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#note(`no status: ${error instanceof Error ? error.message : error}`, false);
      }
      await sleep(SAMPLE_MS, undefined, { signal }).catch(() => {});
    }
  }

  #take(status: Status): void {
    this.#latest = status;
    const { running, x, enqueued, processed, failed, concurrency, workers, scaling } = status;
    this.#takeDecision(scaling.change);
    const seen = new Map(workers.map(({ id, lastSeenAt }) => [id, Date.parse(lastSeenAt)]));
    const busy = [...seen].filter(([id, at]) => at > (this.#lastSeen.get(id) ?? this.#startedAt)).length;
    this.#lastSeen = seen;
    const sample: Sample = {
      minute: this.#minute(),
      x: running ? Number(x) : 0,
      enqueued,
      processed,
      failed,
      allowed: concurrency ?? Number.NaN,
      busy,
    };
    this.#samples.push(sample);
    this.#keep(sample);
  }

  #takeDecision(change: Status['scaling']['change']): void {
    if (!change || change.to === undefined) return;
    const { at, from = null, to, reason, problem } = change;
    const known = this.#decisions.has(at);
    const decision: Decision = { minute: minuteOf(Date.parse(at), this.#startedAt), from, to, reason };
    this.#decisions.set(at, problem === undefined ? decision : { ...decision, problem });
    if (known) return;
    this.#keep(decision);
    this.#say(`${from ?? 'no limit'} → ${to} workers: ${reason}`);
  }

  #report({ tick, missedTicks, queue }: Status): void {
    const sample = this.#samples.at(-1);
    if (!sample) return;
    this.#say(
      `tick ${tick} (${missedTicks} missed), ${count(sample.enqueued)} enqueued, ${count(backlogOf(sample))} pending, ${count(sample.failed)} failed, ${sample.busy} of ${sample.allowed} workers busy, ${queue.visible} + ${queue.inFlight} + ${queue.delayed} messages`,
    );
  }

  async #result(status: Status, drainSeconds: number): Promise<EnduranceRow> {
    const { context, deployment } = this;
    const verification = await verify(deployment, context.signal);
    const releases = await this.#documentsByRelease(verification);
    const deployments = planOf(context.options.minutes).filter(({ kind }) => kind === 'deploy').length;
    const outages = planOf(context.options.minutes).filter(({ kind }) => kind === 'outage').length;
    const row: EnduranceRow = {
      benchmark: STAGE,
      minutes: context.options.minutes,
      jobs: verification.enqueued,
      processed: verification.processed,
      failed: verification.failed,
      documents: verification.documents,
      duplicates: verification.duplicates,
      missing: verification.missing.count,
      ticks: status.firedTicks,
      missedTicks: status.missedTicks,
      killedWorkers: this.#killed,
      outages,
      deployments,
      releases,
      maxBacklog: this.#samples.reduce((most, sample) => Math.max(most, backlogOf(sample)), 0),
      drainSeconds,
      workerMinutes: Math.round(workerMinutes(this.#samples)),
      decisions: [...this.#decisions.values()],
    };
    const problems = problemsOf(row, verification, status);
    if (problems.length === 0) return row;
    this.#keep(row);
    throw new CommandError('not_verified', problems.join(' '), `What was seen: ${this.folder}`);
  }

  async #documentsByRelease({ runId }: Verification): Promise<EnduranceRow['releases']> {
    const { elasticsearchUrl, index } = this.deployment;
    const answer = await fetch(`${elasticsearchUrl}/${index}/_search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        size: 0,
        query: { term: { runId } },
        aggs: { releases: { terms: { field: 'output.release', order: { _key: 'asc' } } } },
      }),
    });
    const { aggregations } = (await answer.json()) as {
      aggregations: { releases: { buckets: { key: number; doc_count: number }[] } };
    };
    return Object.fromEntries(aggregations.releases.buckets.map(({ key, doc_count }) => [key, doc_count]));
  }

  async #keepPlot(): Promise<void> {
    const { minutes } = this.context.options;
    const svg = drawRun(`${counted(minutes, 'minute')} under load`, this.#samples, this.#happenings);
    await writeFile(join(this.folder, 'run.svg'), svg);
    this.context.draws(STAGE, svg);
  }

  /** Waits for a time of the run. */
  async #at(minute: number, signal: AbortSignal): Promise<void> {
    await sleep(Math.max(0, this.#startedAt + minute * 60_000 - Date.now()), undefined, { signal });
  }

  #minute(): number {
    return minuteOf(Date.now(), this.#startedAt);
  }

  /** @param plotted whether the plot shows it */
  #note(label: string, plotted = true): void {
    const happening = { minute: this.#minute(), label };
    if (plotted) this.#happenings.push(happening);
    this.#keep(happening);
    this.#say(label);
  }

  #say(text: string): void {
    this.context.progress(`${this.#minute().toFixed(1).padStart(6)} min  ${text}`);
  }

  #keep(line: object): void {
    // The order of lines does not matter: each has its minute.
    appendFile(join(this.folder, 'run.jsonl'), `${JSON.stringify(line)}\n`).catch(() => {});
  }
}

/** A time of the run in minutes, to a thousandth. */
function minuteOf(at: number, startedAt: number): number {
  return Math.round((at - startedAt) / 60) / 1_000;
}

function jobsAt(share: number, highest: number): number {
  return Math.max(1, Math.round(share * highest));
}

/** Writes a job file of its own for each code, so that a deployment replaces the functions' code. @returns its path */
async function writeJob(folder: string, release: number): Promise<string> {
  const file = join(folder, `job-${release}.mjs`);
  const job = join(import.meta.dirname, 'endurance-job.ts');
  await writeFile(file, `import { endure } from '${job}';\nexport default endure(${release});\n`);
  return file;
}

/** What is not as promised, one sentence each. */
export function problemsOf(
  { failed, jobs, releases, deployments }: Pick<EnduranceRow, 'failed' | 'jobs' | 'releases' | 'deployments'>,
  { ok, message }: Pick<Verification, 'ok' | 'message'>,
  { queue }: Pick<Status, 'queue'>,
): string[] {
  const hopeless = Math.floor(jobs / HOPELESS_EVERY);
  const unused = Array.from({ length: deployments + 1 }, (_, at) => at + 1).filter((one) => !releases[one]);
  return [
    !ok && message,
    failed < hopeless && `${count(hopeless)} jobs had to fail, but ${count(failed)} have failed.`,
    queue.deadLetters < failed &&
      `${count(failed)} jobs failed, but there are ${counted(queue.deadLetters, 'dead letter')}.`,
    unused.length > 0 && `Code ${unused.join(' and ')} has done no job.`,
  ].filter((problem) => problem !== false);
}
