import type { ScalingFigures } from '../../../functions/core/model/scaling.ts';
import type { QueueDepth } from './jobs-queue.ts';

/** What a scaler can see. Figures may be missing, and the queue's depth is late. */
export interface View {
  /** Without recommendations, which are the scaler's own. */
  figures: Omit<ScalingFigures, 'recommendations'>;
  depth: QueueDepth;
}

/** Something that decides on the number of workers. */
export interface Scaler {
  name: string;
  /** Time between two decisions, in milliseconds. */
  everyMs: number;
  /** Whether it also decides when a tick is claimed. */
  atTicks: boolean;
  /** @returns undefined to change nothing */
  decide(view: View): number | undefined;
}
