import type { Job } from '../../functions/core/consume/run-job.ts';
import { PermanentError } from '../../functions/core/model/errors.ts';
import type { Actor, Wire } from './wire.ts';

/** How a job behaves. */
export const JOB_KINDS = [
  'good',
  'slow',
  'flaky',
  'throwing',
  'hopeless',
  'hanging',
  'nothing',
  'endless',
  'text',
  'moody',
  'deadly',
  'greedy',
] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** Jobs that no fault of Elasticsearch's or the queue's may ever bring to the dead letters. */
export const INNOCENT: ReadonlySet<JobKind> = new Set(['good']);

/** The work of all workers; how a job behaves follows from its id, and from how often it was tried. */
export class Work {
  readonly #tries = new Map<number, number>();
  /** How many jobs wait in each process. */
  readonly #waiting = new Map<Actor, number>();
  /** From when on whatever was wrong with the jobs is mended. */
  mended = false;

  constructor(
    readonly kinds: readonly JobKind[],
    readonly wire: Wire,
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
    if (this.mended) return jobId;
    switch (this.kindOf(jobId)) {
      case 'good':
        return jobId;
      case 'slow':
        return this.wire.call(actor, 'work', `job ${jobId}`, () => jobId);
      case 'flaky':
        if (tries % 3 !== 0) throw new Error(`try ${tries}`);
        return jobId;
      case 'moody':
        // Succeeds first and fails when it is done again: what another delivery has done must count.
        if (tries > 1) throw new PermanentError('only once');
        return this.wire.call(actor, 'work', `job ${jobId}`, () => jobId);
      case 'deadly':
        this.wire.kill(actor);
        return new Promise(() => {});
      case 'greedy':
        return this.#alone(jobId, actor);
      case 'throwing':
        throw new Error('always');
      case 'hopeless':
        throw new PermanentError('useless');
      case 'hanging':
        return new Promise(() => {});
      case 'nothing':
        return undefined;
      case 'endless':
        return Number.POSITIVE_INFINITY;
      case 'text':
        return 'not a number';
    }
  }

  /** Has the process to itself, or ends it. */
  async #alone(jobId: number, actor: Actor): Promise<number> {
    const waiting = this.#waiting.get(actor) ?? 0;
    this.#waiting.set(actor, waiting + 1);
    if (waiting > 0) this.wire.kill(actor);
    await this.wire.call(actor, 'work', `job ${jobId}`, () => jobId);
    this.#waiting.set(actor, (this.#waiting.get(actor) ?? 1) - 1);
    return jobId;
  }
}
