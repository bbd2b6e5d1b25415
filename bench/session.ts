import type { Output } from '../cli/terminal/output.ts';
import { stepsOn } from '../cli/terminal/steps.ts';
import type { Benchmark, Context, Row } from './benchmark.ts';
import { type OwnCloud, startOwnCloud } from './own-cloud.ts';

type Undo = () => Promise<unknown>;

/** One call of the benchmarks' command: the cloud that its benchmarks share, and all that has to be undone. */
export class Session {
  #cloud: Promise<OwnCloud> | undefined;

  constructor(
    private readonly output: Output,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Runs one benchmark, and undoes what it has left to be undone.
   * @returns its rows, and the versions it has named
   */
  async run(
    benchmark: Benchmark,
    options: object,
    rounds: number,
  ): Promise<{ rows: Row[]; versions: Record<string, string> }> {
    const { output, signal } = this;
    const undos: Undo[] = [];
    const versions: Record<string, string> = {};
    const step = stepsOn(output);
    const context: Context = {
      options,
      rounds,
      signal,
      step,
      progress: (line) => output.say(line),
      cloud: async () => {
        this.#cloud ??= startOwnCloud(output, step, signal);
        const cloud = await this.#cloud;
        Object.assign(versions, cloud.versions);
        return cloud;
      },
      atEnd: (undo) => undos.unshift(undo),
      uses: (program, version) => {
        versions[program] = version;
      },
    };
    output.say(`${benchmark.name}: ${benchmark.title}`);
    try {
      return { rows: await benchmark.run(context), versions };
    } finally {
      await undoAll(undos);
    }
  }

  /** Stops what the benchmarks have shared. */
  async end(): Promise<void> {
    const cloud = await this.#cloud?.catch(() => undefined);
    if (cloud) await stepsOn(this.output)('Stopping the benchmarks’ local cloud', cloud.stop);
  }
}

/** Undoes all of it, also when a part can't be undone. @throws the first error */
async function undoAll(undos: readonly Undo[]): Promise<void> {
  const failures: unknown[] = [];
  for (const undo of undos) await undo().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
