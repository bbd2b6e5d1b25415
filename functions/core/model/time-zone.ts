const DAY_MS = 86_400_000;

/** Converts between moments and local times. A local time is written as the milliseconds since 1970 of the same time in UTC. */
export class TimeZone {
  readonly #format: Intl.DateTimeFormat;

  /** @param name an IANA name, such as `Europe/Berlin` @throws RangeError if there is no such time zone */
  constructor(name: string) {
    // Sweden's format is that of ISO 8601.
    this.#format = new Intl.DateTimeFormat('sv-SE', {
      timeZone: name,
      dateStyle: 'short',
      timeStyle: 'medium',
    });
  }

  /** Whether there is a time zone with this name. */
  static exists(name: string): boolean {
    try {
      new TimeZone(name);
      return true;
    } catch {
      return false;
    }
  }

  /** The local time at a moment, in whole seconds. */
  toLocal(at: number): number {
    return Date.parse(`${this.#format.format(at).replace(' ', 'T')}Z`);
  }

  /**
   * The first moment that has a local time. If the clocks skip it, the moment when they go forward. Assumes at most one
   * change of clocks in two days.
   */
  toMoment(local: number): number {
    const before = local - this.#offset(local - DAY_MS);
    const after = local - this.#offset(local + DAY_MS);
    for (const at of [before, after]) if (this.toLocal(at) === local) return at;
    // The clocks skip this local time: they go forward between the two moments.
    let [low, high] = [after, before];
    while (high - low > 1_000) {
      const middle = low + Math.floor((high - low) / 2_000) * 1_000;
      if (this.toLocal(middle) < local) low = middle;
      else high = middle;
    }
    return high;
  }

  /** Local time minus UTC, in milliseconds. */
  #offset(at: number): number {
    return this.toLocal(at) - at;
  }
}
