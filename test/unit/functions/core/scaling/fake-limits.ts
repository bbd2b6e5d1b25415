import { Refused, type WorkerLimits } from '../../../../../functions/core/scaling/apply-scaling.ts';

/** A clock that sleeping moves. */
export class FakeTime {
  now = Date.UTC(2026, 10, 23, 21, 45, 12);
  readonly clock = () => this.now;
  readonly sleep = async (ms: number) => {
    this.now += ms;
  };
}

/** Lambda's limits of a consumer and its mapping. It records the changes in order. */
export class FakeLimits implements WorkerLimits {
  readonly changes: string[] = [];
  /** Calls of the control plane. */
  calls = 0;
  /** How long AWS takes to change a mapping, in milliseconds. */
  changeMs = 3_000;
  /** The change that Lambda refuses, and why. */
  refused?: { change: string; reason: string };
  readMapping: WorkerLimits['readMapping'];
  #changingUntil = 0;

  constructor(
    readonly time: FakeTime,
    public reserved: number | null,
    /** Undefined with provisioned pollers. */
    public mapping: number | undefined,
  ) {
    if (mapping !== undefined)
      this.readMapping = async () => {
        this.calls++;
        return { maximum: this.mapping ?? null, isChanging: this.isChanging };
      };
  }

  get isChanging(): boolean {
    return this.time.now < this.#changingUntil;
  }

  async readReserved() {
    this.calls++;
    return this.reserved;
  }

  async reserve(workers: number) {
    this.#change(`function ${workers}`);
    this.reserved = workers;
  }

  async limitMapping(maximum: number) {
    if (this.isChanging) throw new Error('AWS refuses to change a mapping during a change');
    this.#change(`mapping ${maximum}`);
    this.mapping = maximum;
    this.#changingUntil = this.time.now + this.changeMs;
  }

  #change(change: string) {
    this.calls++;
    if (this.refused && change.startsWith(this.refused.change)) throw new Refused(this.refused.reason);
    this.changes.push(this.isChanging ? `${change} too early` : change);
  }
}
