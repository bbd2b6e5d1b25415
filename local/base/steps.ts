/** Runs long work under a title, and shows the user its progress and how long it took. */
export type Step = <T>(title: string, work: () => Promise<T>) => Promise<T>;

/** Runs the work and shows nothing. */
export const silently: Step = (_title, work) => work();
