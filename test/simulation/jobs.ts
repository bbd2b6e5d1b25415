import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Job, JobContext } from '../../functions/core/job/job.ts';
import { PermanentError } from '../../functions/core/model/errors.ts';
import type { Actor, Network } from './network.ts';

/** How a job behaves. */
export const JOB_KINDS = [
  'good',
  'slow',
  'timed',
  'flaky',
  'throwing',
  'permanent',
  'hanging',
  'undefined',
  'infinite',
  'text',
  'once',
  'crashing',
  'exclusive',
] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** Jobs that must never become dead letters, whatever happens to Elasticsearch or the queue. */
export const NEVER_FAILING: ReadonlySet<JobKind> = new Set(['good']);

/** Jobs whose dead letters Elasticsearch refuses for good. */
export const UNDOCUMENTED: ReadonlySet<JobKind> = new Set(['permanent']);

/** How long `timed` jobs take: less and more than the time between two writes of a batch. */
const DURATIONS_MS = [50, 700, 300, 2_500] as const;

/** The work of all workers. How a job behaves depends on its id and on the number of attempts. */
export class Work {
  readonly #tries = new Map<number, number>();
  /** The number of jobs that wait in each process. */
  readonly #waiting = new Map<Actor, number>();
  /** The number of `timed` jobs that run in each process. */
  readonly #timed = new Map<Actor, number>();
  /** When true, all jobs succeed. */
  fixed = false;
  /** The schema of the items, if the jobs have a list. */
  schema: StandardSchemaV1 | undefined;
  /** Called with each attempt. */
  onRun: (item: unknown, context: JobContext) => void = () => {};

  constructor(
    readonly kinds: readonly JobKind[],
    readonly network: Network,
  ) {}

  kindOf(jobId: number): JobKind {
    return this.kinds[jobId % this.kinds.length] ?? 'good';
  }

  triesOf(jobId: number): number {
    return this.#tries.get(jobId) ?? 0;
  }

  /** Whether a `timed` job runs in a process. */
  isRunning(actor: Actor): boolean {
    return (this.#timed.get(actor) ?? 0) > 0;
  }

  /** The work, as one process does it. */
  in(actor: Actor): Job {
    return {
      ...(this.schema && { item: this.schema }),
      run: (item: unknown, context) => {
        this.onRun(item, context);
        return this.#work(context.jobId, actor);
      },
    };
  }

  #work(jobId: number, actor: Actor): unknown {
    const tries = this.triesOf(jobId) + 1;
    this.#tries.set(jobId, tries);
    if (this.fixed) return jobId;
    switch (this.kindOf(jobId)) {
      case 'good':
        return jobId;
      case 'slow':
        return this.network.call(actor, 'work', `job ${jobId}`, () => jobId);
      case 'timed':
        return this.#workInTime(jobId, actor);
      case 'flaky':
        if (tries % 3 !== 0) throw new Error(`try ${tries}`);
        return jobId;
      case 'once':
        // Succeeds first and fails when it runs again: the result of another delivery must count.
        if (tries > 1) throw new PermanentError('only once');
        return this.network.call(actor, 'work', `job ${jobId}`, () => jobId);
      case 'crashing':
        this.network.kill(actor);
        return new Promise(() => {});
      case 'exclusive':
        return this.#workExclusively(jobId, actor);
      case 'throwing':
        throw new Error('always');
      case 'permanent':
        throw new PermanentError('useless');
      case 'hanging':
        return new Promise(() => {});
      case 'undefined':
        return undefined;
      case 'infinite':
        return Number.POSITIVE_INFINITY;
      case 'text':
        return 'not a number';
    }
  }

  /** Takes virtual time, while other jobs of the batch end. */
  async #workInTime(jobId: number, actor: Actor): Promise<number> {
    this.#timed.set(actor, (this.#timed.get(actor) ?? 0) + 1);
    const ms = DURATIONS_MS[jobId % DURATIONS_MS.length];
    await new Promise((resolve) => void setTimeout(resolve, ms));
    this.#timed.set(actor, (this.#timed.get(actor) ?? 1) - 1);
    return jobId;
  }

  /** Kills the process if another such job runs in it. */
  async #workExclusively(jobId: number, actor: Actor): Promise<number> {
    const waiting = this.#waiting.get(actor) ?? 0;
    this.#waiting.set(actor, waiting + 1);
    if (waiting > 0) this.network.kill(actor);
    await this.network.call(actor, 'work', `job ${jobId}`, () => jobId);
    this.#waiting.set(actor, (this.#waiting.get(actor) ?? 1) - 1);
    return jobId;
  }
}
