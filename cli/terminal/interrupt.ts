import { constants } from 'node:os';
import { Interrupted } from './errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Aborts on the first signal, so that whatever is under way can end in order, and leaves at once on the second.
 */
export function listenForInterrupt(leave: (exitCode: number) => void = process.exit): AbortSignal {
  const controller = new AbortController();
  for (const name of SIGNALS) {
    process.on(name, () => {
      const interrupted = new Interrupted(128 + constants.signals[name]);
      if (controller.signal.aborted) leave(interrupted.exitCode);
      controller.abort(interrupted);
    });
  }
  return controller.signal;
}

/** Waits; an abort ends the wait. @throws the signal's reason */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal.aborted) return reject(signal.reason);
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal.addEventListener('abort', abort, { once: true });
  });
}
