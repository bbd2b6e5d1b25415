import { callError } from './call-errors.ts';
import type { Choices } from './choices.ts';

export type Service = 'ledger' | 'queue' | 'results' | 'work' | 'items' | 'source' | 'functions';

/** A process. When it dies, its memory is lost and its calls are never answered. */
export class Actor {
  alive = true;
  /** The weight with which the schedule chooses its calls. */
  speed = 1;
  /** The ids of the jobs of its current batch. */
  jobs: number[] = [];

  constructor(readonly name: string) {}
}

/** A call in progress. The schedule decides when it takes effect and is answered. */
export interface Call {
  actor: Actor;
  /** The actor's jobs at the time of the call. */
  jobs: number[];
  service: Service;
  name: string;
  effect: () => unknown;
  /** The effect if a part of the batch is refused, for calls where this can happen. */
  partly?: ((choices: Choices) => unknown) | undefined;
  resolve: (answer: unknown) => void;
  reject: (error: unknown) => void;
  /** The caller is dead, or its call has timed out. The call may still take effect. */
  abandoned: boolean;
}

const BAD_OUTCOMES = ['refused', 'answer lost', 'late', 'repeated', 'dies before', 'dies after'] as const;
/** Calls that only read. */
const READING = /^(Get|Query|mget|count|search|indices\.get|job|read page)/;

type Outcome = 'success' | 'partial' | (typeof BAD_OUTCOMES)[number];

/** The network between the actors and the services. Each call waits here until the schedule chooses it. */
export class Network {
  readonly calls: Call[] = [];
  /** The services that refuse all connections. */
  readonly down = new Set<Service>();
  /** Percentage of calls that do not simply succeed. */
  failurePercent = 0;
  /** Called with each event, for the trace of a failed schedule. */
  onEvent: (event: string, actor: Actor) => void = () => {};

  /**
   * Called for events that may be held against jobs that did not cause them: their worker dies, or cannot report through
   * the queue that it is alive.
   */
  onIncident: (jobs: number[], what: 'death' | 'unreported') => void = () => {};

  /** @param onDeath called when an actor dies */
  constructor(readonly onDeath: (actor: Actor) => void) {}

  call<T>(
    actor: Actor,
    service: Service,
    name: string,
    effect: () => T,
    partly?: (choices: Choices) => unknown,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!actor.alive) return;
      const { jobs } = actor;
      const answer = resolve as (answer: unknown) => void;
      const call = { actor, jobs, service, name, effect, partly, resolve: answer, reject };
      this.calls.push({ ...call, abandoned: false });
    });
  }

  kill(actor: Actor): void {
    if (!actor.alive) return;
    this.onEvent('dies', actor);
    this.onIncident(actor.jobs, 'death');
    actor.alive = false;
    for (const call of this.calls.filter((call) => call.actor === actor)) this.#abandon(call);
    this.onDeath(actor);
  }

  /** Completes one call with the outcome that the schedule chooses. */
  proceed(call: Call, choices: Choices): void {
    if (call.abandoned) {
      this.#remove(call);
      // Nobody waits for the answer, but the request may have been sent already.
      const lands = !choices.percent(50);
      this.onEvent(`${call.name} ${lands ? 'takes effect late' : 'is lost'}`, call.actor);
      if (lands) this.#silently(call);
      this.#reportIncident(call);
      return;
    }
    const outcome = this.#outcome(call, choices);
    this.onEvent(`${call.name}${outcome === 'success' ? '' : `: ${outcome}`}`, call.actor);
    if (outcome === 'late') this.#abandon(call);
    else this.#remove(call);
    // `repeated`: the first answer is lost, and the SDK's own retry succeeds.
    if (outcome === 'answer lost' || outcome === 'repeated' || outcome === 'dies after') this.#silently(call);
    if (outcome === 'success' || outcome === 'repeated') this.#answer(call, call.effect);
    else if (outcome === 'partial') this.#answer(call, () => (call.partly ?? call.effect)(choices));
    else if (outcome.startsWith('dies')) this.kill(call.actor);
    else call.reject(callError(call, choices));
    if (outcome !== 'success') this.#reportIncident(call);
  }

  #reportIncident({ service, jobs, actor }: Call): void {
    if (service === 'queue') this.onIncident(jobs, 'unreported');
    else if (!actor.alive) this.onIncident(jobs, 'death');
  }

  /** Nobody waits for the answer any more. A call that only reads is removed. */
  #abandon(call: Call): void {
    if (READING.test(call.name)) this.#remove(call);
    else call.abandoned = true;
  }

  #outcome({ service, actor, partly }: Call, choices: Choices): Outcome {
    if (this.down.has(service)) return 'refused';
    if (this.failurePercent === 0 || !choices.percent(this.failurePercent)) return 'success';
    if (partly && choices.percent(40)) return 'partial';
    const outcome = BAD_OUTCOMES[choices.below(BAD_OUTCOMES.length)] as Outcome;
    // Jobs fail by their own kinds, so a job's work can only die. The poller and people do not die.
    if (service === 'work') return outcome === 'dies before' ? outcome : 'success';
    return outcome.startsWith('dies') && actor.name.startsWith('the ') ? 'refused' : outcome;
  }

  #answer(call: Call, effect: () => unknown): void {
    let answer: unknown;
    try {
      answer = effect();
    } catch (error) {
      call.reject(error);
      return;
    }
    call.resolve(answer);
  }

  #silently(call: Call): void {
    try {
      call.effect();
    } catch {
      // Nobody waits for the answer.
    }
  }

  #remove(call: Call): void {
    this.calls.splice(this.calls.indexOf(call), 1);
  }
}
