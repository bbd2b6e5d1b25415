/** Runs one named piece of long work, so that whoever watches sees its name, that it goes on, and how long it took. */
export type Step = <T>(title: string, work: () => Promise<T>) => Promise<T>;

/** Runs the work and says nothing; for tests and for callers that report in another way. */
export const silently: Step = (_title, work) => work();
