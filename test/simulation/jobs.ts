import type { Job } from '../../functions/core/consume/run-job.ts';
import { PermanentError } from '../../functions/core/model/errors.ts';
import type { Actor, Network } from './network.ts';

/** How a job behaves. */
export const JOB_KINDS = [
  'good',
  'slow',
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

/** Jobs that no fault of Elasticsearch's or the queue's may ever bring to the dead letters. */
export const NEVER_FAILING: ReadonlySet<JobKind> = new Set(['good']);

/** The work of all workers; how a job behaves follows from its id, and from how often it was tried. */
export class Work {
  readonly #tries = new Map<number, number>();
  /** How many jobs wait in each process. */
  readonly #waiting = new Map<Actor, number>();
  /** From when on whatever was wrong with the jobs is fixed. */
  fixed = false;

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

  /** The work as it is done in one process. */
  in(actor: Actor): Job {
    return {
      input: (jobId: number) => jobId,
      work: (jobId: never) => this.#work(jobId, actor),
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
      case 'flaky':
        if (tries % 3 !== 0) throw new Error(`try ${tries}`);
        return jobId;
      case 'once':
        // Succeeds first and fails when it is done again: what another delivery has done must count.
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

  /** Has the process to itself, or ends it. */
  async #workExclusively(jobId: number, actor: Actor): Promise<number> {
    const waiting = this.#waiting.get(actor) ?? 0;
    this.#waiting.set(actor, waiting + 1);
    if (waiting > 0) this.network.kill(actor);
    await this.network.call(actor, 'work', `job ${jobId}`, () => jobId);
    this.#waiting.set(actor, (this.#waiting.get(actor) ?? 1) - 1);
    return jobId;
  }
}
