import type { Client } from '@elastic/elasticsearch';
import type { JobContext } from '../../functions/core/job/job.ts';
import type { Table } from '../../functions/core/ledger/table.ts';
import type { Queue } from '../../functions/core/queue/queue.ts';
import type { WritableResults } from '../../functions/core/results/client.ts';
import { indexMappingOf, mappingOf, resultFields } from '../../functions/core/results/mapping.ts';
import type { Choices } from './choices.ts';
import { type Contention, Dynamo } from './dynamo.ts';
import { Elastic, operationsIn } from './elastic.ts';
import { MAX_BYTES } from './forgeries.ts';
import { UNDOCUMENTED, Work } from './jobs.ts';
import { type RunView, viewRuns } from './ledger-view.ts';
import { Actor, Network } from './network.ts';
import { schemaOf } from './readers.ts';
import type { Scenario } from './scenario.ts';
import { Source } from './source.ts';
import { Sqs } from './sqs.ts';
import type { System } from './system.ts';
import { VirtualTime } from './virtual-time.ts';

export const JOBS = 'sqs://jobs';
export const DEAD_LETTERS = 'sqs://dead-letters';

/** The services' limits, reduced like the core's limits in build.ts. */
const WRITES = 8;
const PAGE = 2;
const ENTRIES = 3;
const DELAY_SECONDS = 60;

/** A promise that did not hold, or an unexpected error. The message contains the last events. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** The services, the network, and the observations that the invariants need. */
export class World {
  readonly time: VirtualTime;
  readonly network: Network;
  readonly dynamo = new Dynamo({ writes: WRITES, page: PAGE });
  readonly sqs: Sqs;
  readonly elastic = new Elastic();
  readonly work: Work;
  /** The objects of the bucket, by key. */
  readonly objects = new Map<string, string>();
  /** The user's list, if the jobs have one. */
  readonly source: Source | undefined;
  /** Attempts that the invariants have not seen yet. */
  ran: { item: unknown; context: JobContext }[] = [];
  /** All events, in order. */
  readonly trace: string[] = [];
  /** Number of steps so far. */
  step = 0;
  /** Transactions of workers while jobs of their batch ran. */
  progress = 0;
  /** The step at which each job's document was created. */
  readonly createdAt = new Map<string, number>();
  /** The last lookup of a job's document and its result, by actor and job. */
  readonly #looks = new Map<string, { step: number; found: boolean }>();
  #actors = 0;
  /** The actor of the latest event. */
  #latest: Actor | undefined;
  /** The step of the lookup that preceded a job's dead letter. */
  readonly deadLetteredAt = new Map<number, number>();
  /** The step of the lookup that preceded the last write of a job's document among the dead letters, and of the write. */
  readonly documentedAt = new Map<number, { looked: number; written: number }>();
  /** How often a job's worker died during a lease, or could not report through the queue. */
  readonly incidents = new Map<number, number>();
  /** The ledger's runs before this step. */
  runs: RunView[] = [];
  /** Bodies of invalid messages that were put into the queue. */
  readonly invalidBodies = new Set<string>();
  /** The values of `enqueuedAt` in messages that the scheduler did not send. */
  readonly forgedTimes = new Set<number>();
  /** Called when an actor dies. */
  readonly deathHandlers = new Map<Actor, () => void>();
  /** The first violation. */
  #violation: Violation | undefined;

  constructor(
    readonly system: System,
    readonly scenario: Scenario,
    readonly choices: Choices,
  ) {
    this.time = new VirtualTime(scenario.startsAt);
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
    this.work.onRun = (item, context) => this.ran.push({ item, context });
    this.source = scenario.list && new Source(this, scenario.list);
    if (scenario.list) this.work.schema = schemaOf(this);
    this.elastic.refuse = ({ jobId }) =>
      UNDOCUMENTED.has(this.work.kindOf(jobId as number)) ? 'the document does not fit' : undefined;
    this.elastic.onCreate = (id) => this.createdAt.set(id, this.step);
  }

  /** Creates an actor with the scenario's next speed. */
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

  /** Checks that the actor that counted a job as failed had looked for its document and not found it. */
  recordDeadLetter(job: number): void {
    const look = this.#looks.get(`${this.#latest?.name} ${job}`);
    this.check(look?.found === false, () => `job ${job} was given up without a lookup of its document`);
    this.deadLetteredAt.set(job, look?.step ?? 0);
  }

  /** Records when dead letters of a bulk request are written, once that has happened. */
  #deadLettersIn(actor: Actor, { operations }: Parameters<Elastic['bulk']>[0]) {
    const written = operationsIn(operations).filter(({ action }) => action === 'index');
    // A request may take effect late, when its worker is dead or has looked again.
    const looks = written.map(({ id }) => this.#looks.get(`${actor.name} ${id}`)?.step ?? 0);
    return <Answer>(answer: Answer): Answer => {
      for (const [at, { id }] of written.entries())
        this.documentedAt.set(Number(id), { looked: looks[at] ?? 0, written: this.step });
      return answer;
    };
  }

  /** Records a violation, which ends the schedule. */
  recordViolation(what: string): void {
    this.#violation ??= new Violation(`${what}\n${this.trace.slice(-120).join('\n')}`);
  }

  check(holds: boolean, what: () => string): void {
    if (!holds) this.recordViolation(what());
  }

  /** @throws Violation if one was recorded */
  throwViolation(): void {
    if (this.#violation) throw this.#violation;
  }

  /** An error handler for which errors without one of these names are violations. A mutant has its own error classes. */
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
      this.#checkAlone(actor, name);
      return this.network.call(actor, 'ledger', name, () => {
        if (name === 'TransactWrite' && this.work.isRunning(actor)) this.progress++;
        return this.dynamo.execute(command, this.#contention(name));
      });
    };
    return { name: 'ledger', client: { send } as Table['client'], conflictDelayMs: 25 };
  }

  /** Checks that a worker commits one transaction at a time: each is based on what the one before has written. */
  #checkAlone(actor: Actor, call: string): void {
    const isCommit = (name: string) => name === 'TransactWrite' && actor.name.startsWith('worker');
    const others = this.network.calls.filter((other) => other.actor === actor && !other.abandoned);
    this.check(
      !isCommit(call) || !others.some(({ name }) => isCommit(name)),
      () => `${actor.name} has two transactions in progress`,
    );
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

  results(actor: Actor): WritableResults {
    const { elastic } = this;
    // The simulated jobs return numbers. Jobs that return something else are refused.
    const mapping = mappingOf({ list: this.source !== undefined, output: 'long' });
    const call = <T>(name: string, effect: () => T, partly?: (choices: Choices) => T) =>
      this.network.call(actor, 'results', name, effect, partly);
    const client = {
      bulk: (request: Parameters<Elastic['bulk']>[0]) => {
        const note = this.#deadLettersIn(actor, request);
        return call(
          `bulk ${request.index}`,
          () => note(elastic.bulk(request)),
          (choices) => note(elastic.bulkPartly(request, choices)),
        );
      },
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
        get: () =>
          call('indices.get', () => ({
            results: { mappings: indexMappingOf(resultFields(mapping)), aliases: { results: {} } },
          })),
        create: () => call('indices.create', () => ({})),
        refresh: () => call('refresh', () => elastic.refresh()),
      },
    };
    return { index: 'results', mapping, client: client as unknown as Client };
  }
}
