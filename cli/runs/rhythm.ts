import type { Pace } from '../../functions/core/model/schedule.ts';
import { counted } from '../terminal/figures.ts';

/** `1,000 jobs every 5 minutes`, and whether they are spread over these. */
export function rhythm({ x, y, pace }: { x: number; y: number; pace: Pace }): string {
  const every = y === 1 ? 'minute' : counted(y, 'minute');
  return `${counted(x, 'job')} every ${every}${pace === 'even' ? ', spread evenly' : ''}`;
}
