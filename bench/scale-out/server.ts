/** Something that all workers share, and that does one thing after the other: what comes while it is busy waits. */
export class Server {
  /** How long it has been at work, in milliseconds. */
  busyMs = 0;
  #freeAt = 0;

  /** @returns when it is done with something that comes now and takes so long */
  serve(now: number, ms: number): number {
    this.busyMs += ms;
    this.#freeAt = Math.max(now, this.#freeAt) + ms;
    return this.#freeAt;
  }
}
