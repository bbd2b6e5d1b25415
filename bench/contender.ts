import type { RunningSettings } from '../cli/cloud/settings.ts';
import type { System, ThroughputRow } from './benchmark.ts';

/** What is asked of a system: so many workers, and jobs that each wait so long, in milliseconds. */
export interface Load {
  readonly workers: number;
  readonly workMs: number;
}

/** A system whose speed is measured, in one of its settings; it is there, and does nothing yet. */
export interface Contender {
  readonly system: System;
  /** As its rows have them. */
  readonly settings: ThroughputRow['settings'];
  /** How its workers take jobs. */
  readonly packing: Omit<RunningSettings, 'workMs'>;
  /** Has workers come. */
  start(load: Load): Promise<Crew>;
}

/** A system's workers. */
export interface Crew {
  /**
   * Has jobs done, all of them.
   * @throws Error when afterwards not every job is counted once, or has not its one document
   */
  run(jobs: number): Promise<Outcome>;
  /** Has them do nothing any more, so that another system can be measured. */
  stop(): Promise<void>;
}

/** What came of a run whose jobs are all there, once each. */
export interface Outcome {
  jobs: number;
  ms: number;
  /** The jobs of each worker that had any. */
  shares: number[];
}
