import { consume } from '../../functions/core/consume/consume.ts';
import type { Worker } from '../../functions/core/consume/worker.ts';
import { openWorker, type Pipeline, squareJob } from '../../test/fixtures/pipeline.ts';

/** Where the time of a batch goes, in milliseconds. `own` is the rest: parsing, deciding, building requests. */
export interface BatchParts {
  work: number;
  bulk: number;
  ledger: number;
  own: number;
}

export interface BatchTimes extends BatchParts {
  total: number;
}

/** Measures the time in which at least one of several overlapping steps is running. */
class Stopwatch {
  ms = 0;
  #running = 0;
  #since = 0;

  async time<Result>(step: () => Result): Promise<Awaited<Result>> {
    if (this.#running++ === 0) this.#since = performance.now();
    try {
      return await step();
    } finally {
      if (--this.#running === 0) this.ms += performance.now() - this.#since;
    }
  }
}

/** A worker in this process that measures where its time goes. */
export class TimedWorker {
  readonly #work = new Stopwatch();
  readonly #bulk = new Stopwatch();
  readonly #ledger = new Stopwatch();
  readonly #worker: Worker;

  constructor(pipeline: Pipeline, workMs: number, jobConcurrency: number) {
    const { table, results } = pipeline;
    const job = squareJob(workMs);
    this.#worker = openWorker(
      {
        ...pipeline,
        table: { ...table, client: timed(table.client, 'send', this.#ledger) },
        results: { ...results, client: timed(results.client, 'bulk', this.#bulk) },
      },
      { run: (item: number) => this.#work.time(() => job.run(item)) },
      { jobConcurrency },
    );
  }

  /** Consumes one batch, as the consumer's handler does. @throws Error if a job was not processed */
  async consume(bodies: readonly string[]): Promise<BatchTimes> {
    for (const watch of [this.#work, this.#bulk, this.#ledger]) watch.ms = 0;
    const startedAt = performance.now();
    const deliveries = bodies.map((body, at) => ({ id: String(at), body, receives: 1 }));
    const { jobs, processed } = await consume(this.#worker, deliveries, Date.now() + 60_000);
    const total = performance.now() - startedAt;
    const asked = jobs.reduce((sum, { firstJob, lastJob }) => sum + lastJob - firstJob + 1, 0);
    if (processed !== asked) throw new Error(`${processed} of a batch's ${asked} jobs were processed`);
    const [work, bulk, ledger] = [this.#work.ms, this.#bulk.ms, this.#ledger.ms];
    return { total, work, bulk, ledger, own: total - work - bulk - ledger };
  }
}

/** The same client, with one of its methods timed. */
function timed<Client extends object>(client: Client, method: keyof Client, watch: Stopwatch): Client {
  return new Proxy(client, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const bound = value.bind(target);
      return name === method ? (...given: unknown[]) => watch.time(() => bound(...given)) : bound;
    },
  });
}
