import type { Client } from '@elastic/elasticsearch';
import type { Table } from '../../functions/core/ledger/table.ts';
import type { Queue } from '../../functions/core/queue/queue.ts';
import type { Results } from '../../functions/core/results/client.ts';
import { MAPPING } from '../../functions/core/results/ensure-index.ts';
import type { Choices } from './choices.ts';
import { type Contention, Dynamo } from './dynamo.ts';
import { Elastic } from './elastic.ts';
import { MAX_BYTES } from './forgeries.ts';
import { Work } from './jobs.ts';
import { type RunView, viewRuns } from './ledger-view.ts';
import { Actor, Network } from './network.ts';
import type { Scenario } from './scenario.ts';
import { Sqs } from './sqs.ts';
import type { System } from './system.ts';
import { VirtualTime } from './virtual-time.ts';

export const JOBS = 'sqs://jobs';
export const DEAD_LETTERS = 'sqs://dead-letters';

/** The services' bounds, as small as build.ts makes the core's. */
const WRITES = 8;
const PAGE = 2;
const ENTRIES = 3;
const DELAY_SECONDS = 60;

/** A promise that did not hold, or something that must not happen at all; with what happened up to there. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** The services, the network to them, and what was seen of them so far. */
export class World {
  readonly time = new VirtualTime();
  readonly network: Network;
  readonly dynamo = new Dynamo({ writes: WRITES, page: PAGE });
  readonly sqs: Sqs;
  readonly elastic = new Elastic();
  readonly work: Work;
  /** What happened, the newest last. */
  readonly trace: string[] = [];
  /** Steps taken. */
  step = 0;
  /** At which step a job's document was made. */
  readonly createdAt = new Map<string, number>();
  /** Who looked for a job's document last, when, and whether it was there; by the looker's and the job's names. */
  readonly #looks = new Map<string, { step: number; found: boolean }>();
  #actors = 0;
  /** Whose call has just gone on. */
  #latest: Actor | undefined;
  /** When whoever gave up a job had looked for its document in vain. */
  readonly deadLetteredAt = new Map<number, number>();
  /** How often whoever had a lease on a job died, or the queue did not hear from him. */
  readonly incidents = new Map<number, number>();
  /** What the ledger said when it was last looked at: before this step. */
  runs: RunView[] = [];
  /** Messages put into the queue that nobody can make sense of. */
  readonly invalidBodies = new Set<string>();
  /** When messages say that they were enqueued that the scheduler did not send. */
  readonly forgedTimes = new Set<number>();
  /** Who does something on an actor's death. */
  readonly deathHandlers = new Map<Actor, () => void>();
  /** What went wrong where nobody waits for the outcome. */
  #violation: Violation | undefined;

  constructor(
    readonly system: System,
    readonly scenario: Scenario,
    readonly choices: Choices,
  ) {
    this.network = new Network((actor) => this.deathHandlers.get(actor)?.());
    this.network.onEvent = (event, actor) => {
      this.#latest = actor;
      this.note(`${actor.name}: ${event}`);
    };
    this.network.onIncident = (jobs, what) => {
      const noted = viewRuns(this.dynamo).flatMap(({ records }) =>
        [...records.values()].filter(({ lease }) => lease !== undefined),
      );
      for (const job of jobs)
        if (what === 'unreported' || noted.some(({ first, last }) => first <= job && job <= last))
          this.incidents.set(job, (this.incidents.get(job) ?? 0) + 1);
    };
    this.sqs = new Sqs(this.time.clock, { entries: ENTRIES, bytes: MAX_BYTES, delaySeconds: DELAY_SECONDS });
    this.sqs.create(DEAD_LETTERS);
    this.sqs.create(JOBS, { to: DEAD_LETTERS, maxReceives: scenario.maxReceives });
    this.work = new Work(scenario.kinds, this.network);
    this.elastic.onCreate = (id) => this.createdAt.set(id, this.step);
  }

  /** Somebody new, as hasty or slow as the scenario has it. */
  actor(name: string): Actor {
    const actor = new Actor(name);
    const { speeds } = this.scenario;
    actor.speed = speeds[this.#actors++ % speeds.length] ?? 1;
    return actor;
  }

  note(event: string): void {
    this.trace.push(
      `${String(this.step).padStart(4)} ${((this.time.now / 1000) % 100_000).toFixed(1)} ${event}`,
    );
  }

  /** A job was counted as failed in this step: only by somebody who had looked for its document, and missed it. */
  recordDeadLetter(job: number): void {
    const look = this.#looks.get(`${this.#latest?.name} ${job}`);
    this.check(look?.found === false, () => `job ${job} was given up without a look for its document`);
    this.deadLetteredAt.set(job, look?.step ?? 0);
  }

  /** Says that something is wrong; the schedule ends there. */
  recordViolation(what: string): void {
    this.#violation ??= new Violation(`${what}\n${this.trace.slice(-120).join('\n')}`);
  }

  check(holds: boolean, what: () => string): void {
    if (!holds) this.recordViolation(what());
  }

  /** @throws Violation when there was one */
  throwViolation(): void {
    if (this.#violation) throw this.#violation;
  }

  /** Minds only errors that are not among those expected; those of a mutant are known by their names alone. */
  expecting(who: string, ...names: string[]): (error: unknown) => void {
    return (error) => {
      const { name, stack } = error as Error;
      if (!names.includes(name)) this.recordViolation(`${who} failed: ${stack}`);
      else this.note(`${who} failed: ${(error as Error).message}`);
    };
  }

  table(actor: Actor): Table {
    const send = (command: object) => {
      const name = command.constructor.name.replace('Command', '');
      return this.network.call(actor, 'ledger', name, () =>
        this.dynamo.execute(command, this.#contention(name)),
      );
    };
    return { name: 'ledger', client: { send } as Table['client'], conflictDelayMs: 25 };
  }

  #contention(call: string): Contention {
    const { choices, scenario } = this;
    if (
      scenario.contentionPercent === 0 ||
      call !== 'TransactWrite' ||
      !choices.percent(scenario.contentionPercent)
    )
      return {};
    return choices.percent(25) ? { throttled: choices.below(100) } : { slow: true };
  }

  queue(actor: Actor, url: string): Queue {
    const send = (command: object) => {
      const to = url.slice('sqs://'.length);
      const name = `${command.constructor.name.replace('Command', '')} ${to}`;
      const partly = (choices: Choices) => this.sqs.partly(command, choices);
      return this.network.call(actor, 'queue', name, () => this.sqs.execute(command), partly);
    };
    return { url, client: { send } as Queue['client'], retryDelayMs: 25 };
  }

  results(actor: Actor): Results {
    const { elastic } = this;
    const call = <T>(name: string, effect: () => T, partly?: (choices: Choices) => T) =>
      this.network.call(actor, 'results', name, effect, partly);
    const client = {
      bulk: (request: Parameters<Elastic['bulk']>[0]) =>
        call(
          'bulk',
          () => elastic.bulk(request),
          (choices) => elastic.bulkPartly(request, choices),
        ),
      mget: (request: { index: string; ids: string[] }) =>
        call(`mget ${request.ids}`, () => {
          const answer = elastic.mget(request);
          for (const { _id, found } of answer.docs)
            this.#looks.set(`${actor.name} ${_id}`, { step: this.step, found });
          return answer;
        }),
      count: (request: object) => call('count', () => elastic.count(request)),
      search: (request: object) => call('search', () => elastic.search(request)),
      indices: {
        get: () => call('indices.get', () => ({ results: { mappings: MAPPING, aliases: { results: {} } } })),
        refresh: () => call('refresh', () => elastic.refresh()),
      },
    };
    return { index: 'results', client: client as unknown as Client };
  }
}
