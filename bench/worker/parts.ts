import { consume } from '../../functions/core/consume.ts';
import { newWorkerId } from '../../functions/core/ids.ts';
import type { Results } from '../../functions/core/results/client.ts';
import { TickCache } from '../../functions/core/tick-cache.ts';
import type { Worker } from '../../functions/core/worker.ts';
import type { Place } from '../place.ts';

/** What a batch's time goes into, in milliseconds. `own` is what is left: parsing, deciding, making requests. */
export interface Parts {
  work: number;
  bulk: number;
  ledger: number;
  own: number;
}

/** Times a kind of step; of several at once, the time in which any was under way counts once. */
class Stopwatch {
  ms = 0;
  #underWay = 0;
  #since = 0;

  async time<Result>(step: () => Result): Promise<Awaited<Result>> {
    if (this.#underWay++ === 0) this.#since = performance.now();
    try {
      return await step();
    } finally {
      if (--this.#underWay === 0) this.ms += performance.now() - this.#since;
    }
  }
}

/** A worker in this process whose parts are timed. */
export class TimedWorker {
  readonly #watches = { work: new Stopwatch(), bulk: new Stopwatch(), ledger: new Stopwatch() };
  readonly #worker: Worker;

  constructor({ table, jobs, deadLetters }: Place, results: Results, workMs: number, jobConcurrency: number) {
    const { work, bulk, ledger } = this.#watches;
    const wait = () => new Promise((resolve) => setTimeout(resolve, workMs));
    this.#worker = {
      id: newWorkerId(),
      job: {
        input: (jobId) => jobId,
        work: (input: number) =>
          work.time(() => (workMs > 0 ? wait().then(() => input * input) : input * input)),
      },
      table: { ...table, client: timed(table.client, 'send', ledger) },
      results: { ...results, client: timed(results.client, 'bulk', bulk) },
      jobs,
      deadLetters,
      ticks: new TickCache(),
      settings: {
        jobConcurrency,
        maxAttempts: 5,
        backoff: { baseSeconds: 1, capSeconds: 60 },
        remember: 86_400,
      },
      clock: Date.now,
      chance: Math.random,
      ready: new Set(),
    };
  }

  /** Does a batch, as the consumer's handler does. @throws Error when not every job was processed */
  async take(bodies: readonly string[], jobs: number): Promise<Parts & { total: number }> {
    const before = this.#read();
    const begun = performance.now();
    const { processed } = await consume(
      this.#worker,
      bodies.map((body, at) => ({ id: String(at), receiptHandle: String(at), body, receives: 1 })),
      Date.now() + 60_000,
    );
    const total = performance.now() - begun;
    if (processed !== jobs) throw new Error(`of ${jobs} jobs of a batch, ${processed} were processed`);
    const after = this.#read();
    const [work, bulk, ledger] = [
      after.work - before.work,
      after.bulk - before.bulk,
      after.ledger - before.ledger,
    ];
    return { total, work, bulk, ledger, own: total - work - bulk - ledger };
  }

  #read() {
    const { work, bulk, ledger } = this.#watches;
    return { work: work.ms, bulk: bulk.ms, ledger: ledger.ms };
  }
}

/** The client, with one of its methods timed. */
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
