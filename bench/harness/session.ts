import type { Output } from '../../cli/terminal/output.ts';
import { stepsOn } from '../../cli/terminal/steps.ts';
import type { Benchmark, Context, Row } from './benchmark.ts';
import { type OwnCloud, startOwnCloud } from './own-cloud.ts';

/** Runs benchmarks one after the other; they share one local cloud. */
export class Session {
  #cloud: Promise<OwnCloud> | undefined;

  constructor(
    private readonly output: Output,
    private readonly signal: AbortSignal,
  ) {}

  /** Runs one benchmark and cleans up after it. @returns its rows, and the versions and plots that it recorded */
  async run(
    benchmark: Benchmark,
    options: object,
    rounds: number,
  ): Promise<{ rows: Row[]; versions: Record<string, string>; plots: Record<string, string> }> {
    const { output, signal } = this;
    const cleanUps: (() => Promise<unknown>)[] = [];
    const versions: Record<string, string> = {};
    const plots: Record<string, string> = {};
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
      atEnd: (cleanUp) => cleanUps.unshift(cleanUp),
      uses: (program, version) => {
        versions[program] = version;
      },
      draws: (name, svg) => {
        plots[name] = svg;
      },
    };
    output.say(`${benchmark.name}: ${benchmark.question}`);
    try {
      return { rows: await benchmark.run(context), versions, plots };
    } finally {
      await runAll(cleanUps);
    }
  }

  /** Stops the cloud, if one was started. */
  async end(): Promise<void> {
    const cloud = await this.#cloud?.catch(() => undefined);
    if (cloud) await stepsOn(this.output)('Stopping the local cloud', cloud.stop);
  }
}

/** Runs all of them, even if one fails. @throws the first error */
async function runAll(cleanUps: readonly (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const cleanUp of cleanUps) await cleanUp().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}
