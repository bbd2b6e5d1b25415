import { LOG_LEVELS, type LogFilter, type LogLevel } from '../../../protocol.ts';

/** The functions, in the order of interest. */
export const FUNCTIONS = ['consumer', 'scheduler', 'autoscaler', 'reader', 'control', 'verify', 'status'];

/** Reads a filter from the parameters of an address. Anything that is wrong there is left out. */
export function filterIn({ function: name = '', worker, level, text }: Record<string, string>): LogFilter {
  return {
    ...(FUNCTIONS.includes(name) && { function: name }),
    ...(worker?.trim() && { worker: worker.trim().slice(0, 100) }),
    // All lines are at least of the lowest level.
    ...(isLevel(level) && level !== LOG_LEVELS[0] && { level }),
    ...(text && { text: text.slice(0, 1_000) }),
  };
}

/** The parameters of a filter: `?function=consumer&level=WARN`; empty for all lines. */
export function parametersOf({ function: name, worker, level, text }: LogFilter): string {
  const given = Object.entries({ function: name, worker, level, text }).filter(([, value]) => value);
  return given.length === 0 ? '' : `?${new URLSearchParams(given as [string, string][])}`;
}

function isLevel(level: string | undefined): level is LogLevel {
  return (LOG_LEVELS as readonly (string | undefined)[]).includes(level);
}
