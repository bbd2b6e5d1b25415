import { setMaxListeners } from 'node:events';
import { constants } from 'node:os';
import { Interrupted } from './errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Aborts on the first signal, so that running work can end in order, and exits at once on the second. */
export function listenForInterrupt(exit: (exitCode: number) => void = process.exit): AbortSignal {
  const controller = new AbortController();
  // Each running request listens. Node.js warns above ten.
  setMaxListeners(0, controller.signal);
  for (const name of SIGNALS) {
    process.on(name, () => {
      const interrupted = new Interrupted(128 + constants.signals[name]);
      if (controller.signal.aborted) exit(interrupted.exitCode);
      controller.abort(interrupted);
    });
  }
  return controller.signal;
}
