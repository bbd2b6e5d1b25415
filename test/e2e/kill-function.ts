import { processesOf } from '../fixtures/function-processes.ts';
import { functionName, home } from './system.ts';

/**
 * Kills the processes of a function on the local cloud.
 * @param name the function's short name
 * @returns how many were killed
 */
export function killFunction(name: string): number {
  const pids = processesOf(home, functionName(name));
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  return pids.length;
}
