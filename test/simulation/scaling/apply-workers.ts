import { type ControlPlane, maximumFor } from './control-plane.ts';
import type { Process } from './events.ts';

/** How a number of workers is put in force. Generators, so that time passes between their calls. */
export type Apply = (plane: ControlPlane, workers: number) => Process;

/**
 * The reserved concurrency grows before the mapping's maximum and shrinks after it, so that the mapping never invokes more
 * than the function may run. A failed call ends it; the next decision tries again.
 */
export function* applyInOrder(plane: ControlPlane, workers: number): Process {
  yield plane.conditions.callMs;
  // An earlier process may have died during its change.
  while (plane.isUpdating) yield 1_000;
  if (plane.reserved < workers && !plane.reserve(workers)) return;
  if (plane.maximum !== maximumFor(workers)) {
    yield plane.conditions.callMs;
    if (!plane.limitMapping(workers)) return;
    while (plane.isUpdating) yield 1_000;
  }
  if (plane.reserved > workers) {
    yield plane.conditions.callMs;
    plane.reserve(workers);
  }
}
