import { callError } from './call-errors.ts';
import type { Choices } from './choices.ts';

export type Service = 'ledger' | 'queue' | 'results' | 'work';

/** A process: whatever it holds is lost when it dies, and its calls are never answered. */
export class Actor {
  alive = true;
  /** How likely its calls go on, compared with those of others. */
  speed = 1;
  /** The jobs that it has in hand. */
  jobs: number[] = [];

  constructor(readonly name: string) {}
}

/** A call that is under way: it takes effect, and is answered, when the schedule says so. */
export interface Call {
  actor: Actor;
  /** What the actor had in hand when it called. */
  jobs: number[];
  service: Service;
  name: string;
  effect: () => unknown;
  /** A worse effect that this call can have, if it has any: part of a batch is refused. */
  partly?: ((choices: Choices) => unknown) | undefined;
  resolve: (answer: unknown) => void;
  reject: (error: unknown) => void;
  /** Whoever made it is dead, or was told that it has timed out: it may yet take effect. */
  abandoned: boolean;
}

const BAD_OUTCOMES = ['refused', 'answer lost', 'late', 'repeated', 'dies before', 'dies after'] as const;
/** Calls that change nothing. */
const READING = /^(Get|Query|mget|count|search|indices\.get|job)/;

type Outcome = 'success' | 'partial' | (typeof BAD_OUTCOMES)[number];

/** The network between the actors and the services: each call waits here until the schedule lets it go on. */
export class Network {
  readonly calls: Call[] = [];
  /** Services that refuse all connections. */
  readonly down = new Set<Service>();
  /** How many calls in a hundred fare badly. */
  failurePercent = 0;
  /** Hears what happens, for the account of a failed schedule. */
  onEvent: (event: string, actor: Actor) => void = () => {};

  /**
   * Hears of what jobs may be blamed for through no fault of theirs: those who have them die, or cannot say by the queue
   * that they live.
   */
  onIncident: (jobs: number[], what: 'death' | 'unreported') => void = () => {};

  /** @param onDeath does what follows when an actor dies */
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
      const answer = resolve as (answer: unknown) => void;
      const { jobs } = actor;
      this.calls.push({
        ...{ actor, jobs, service, name, effect, partly, resolve: answer, reject },
        abandoned: false,
      });
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

  /** Lets one call go on: well, or as the schedule has it. */
  proceed(call: Call, choices: Choices): void {
    if (call.abandoned) {
      this.#remove(call);
      // Nobody hears of it, but it may have left the dead process's machine already.
      const lands = !choices.percent(50);
      this.onEvent(`${call.name} ${lands ? 'lands after all' : 'is lost'}`, call.actor);
      if (lands) this.#silently(call);
      this.#reportIncident(call);
      return;
    }
    const outcome = this.#outcome(call, choices);
    this.onEvent(`${call.name}${outcome === 'success' ? '' : `: ${outcome}`}`, call.actor);
    if (outcome === 'late') this.#abandon(call);
    else this.#remove(call);
    // An SDK that tries again by itself echoes: the first answer is lost, the second is heard.
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

  /** Nobody waits for it any more. What only reads is no loss then. */
  #abandon(call: Call): void {
    if (READING.test(call.name)) this.#remove(call);
    else call.abandoned = true;
  }

  #outcome({ service, actor, partly }: Call, choices: Choices): Outcome {
    if (this.down.has(service)) return 'refused';
    if (this.failurePercent === 0 || !choices.percent(this.failurePercent)) return 'success';
    if (partly && choices.percent(40)) return 'partial';
    const outcome = BAD_OUTCOMES[choices.below(BAD_OUTCOMES.length)] as Outcome;
    // A person's call fails or not; the worker's own work can only die.
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
      // Nobody is there to be told.
    }
  }

  #remove(call: Call): void {
    this.calls.splice(this.calls.indexOf(call), 1);
  }
}
