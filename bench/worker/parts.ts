import { consume } from '../../functions/core/consume/consume.ts';
import type { Worker } from '../../functions/core/consume/worker.ts';
import type { Results } from '../../functions/core/results/client.ts';
import type { Place } from '../place.ts';
import { openWorker, squaring } from './in-process.ts';

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

  constructor(place: Place, results: Results, workMs: number, jobConcurrency: number) {
    const { work, bulk, ledger } = this.#watches;
    const job = squaring(workMs);
    this.#worker = openWorker(
      { ...place, table: { ...place.table, client: timed(place.table.client, 'send', ledger) } },
      { ...results, client: timed(results.client, 'bulk', bulk) },
      { ...job, work: (input: number) => work.time(() => job.work(input)) },
      jobConcurrency,
    );
  }

  /** Does a batch, as the consumer's handler does. @throws Error when not every job was processed */
  async take(bodies: readonly string[], jobs: number): Promise<Parts & { total: number }> {
    const before = this.#read();
    const begun = performance.now();
    const { processed } = await consume(
      this.#worker,
      bodies.map((body, at) => ({ id: String(at), body, receives: 1 })),
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
