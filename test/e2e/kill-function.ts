import { readdirSync, readFileSync } from 'node:fs';
import { functionName, home } from './system.ts';

/**
 * Kills the processes of a function on the local cloud, found by the folder that they run in.
 * @param name the function's short name
 * @returns how many were killed
 */
export function killFunction(name: string): number {
  const mark = `${home.tmp}/ministack-lambda-${functionName(name)}-`;
  const pids = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(mark));
  for (const pid of pids) process.kill(Number(pid), 'SIGKILL');
  return pids.length;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // It has ended meanwhile.
  }
}
