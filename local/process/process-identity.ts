import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A process that stays the same one although pids are used again: its pid and when it started. */
export type ProcessIdentity = {
  readonly pid: number;
  /** Opaque: clock ticks since boot on Linux, a date in UTC elsewhere. */
  readonly start: string;
};

type Process = ProcessIdentity & { readonly group: number; readonly command: string };

/**
 * A shell command that prints the start of the shell that runs it, as `identify` would read it. A process that is to be
 * known later records itself with this and then `exec`s: nobody can be killed between starting it and writing it down.
 */
export const PRINT_OWN_START =
  process.platform === 'linux'
    ? `sed 's/.*) //' "/proc/$$/stat" | cut -d' ' -f20`
    : 'TZ=UTC LC_ALL=C ps -o lstart= -p $$';

/** The process that has this pid now, or undefined if there is none or only its zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  const process = readProcess(pid);
  return process && { pid, start: process.start };
}

/** True while this very process runs, not another that was given its pid. */
export function isAlive({ pid, start }: ProcessIdentity): boolean {
  return identify(pid)?.start === start;
}

/** The live processes of a process group. */
export function membersOf(group: number): Process[] {
  return listPids()
    .map(readProcess)
    .filter((process) => process?.group === group) as Process[];
}

function listPids(): number[] {
  const names = process.platform === 'linux' ? readdirSync('/proc') : ps(['-A', '-o', 'pid=']).split('\n');
  return names.map(Number).filter((pid) => Number.isInteger(pid) && pid > 0);
}

function readProcess(pid: number): Process | undefined {
  return process.platform === 'linux' ? readFromProc(pid) : readFromPs(pid);
}

function readFromProc(pid: number): Process | undefined {
  try {
    const process = parseStat(pid, readFileSync(`/proc/${pid}/stat`, 'utf8'));
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return process && { ...process, command };
  } catch {
    return undefined; // gone, perhaps between the two reads
  }
}

/** Reads /proc/PID/stat (proc(5)); the name in it may hold spaces and parentheses, so fields count from its last `)`. */
export function parseStat(pid: number, stat: string): Omit<Process, 'command'> | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, group, start] = [fields[0], fields[2], fields[19]];
  if (state === 'Z' || !group || !start) return undefined;
  return { pid, start, group: Number(group) };
}

function readFromPs(pid: number): Process | undefined {
  const line = ps(['-o', 'stat=,pgid=,lstart=,command=', '-p', String(pid)]);
  const [, state, group, start, command] =
    /^\s*(\S+)\s+(\d+)\s+(\S+\s+\S+\s+\d+ [\d:]+ \d+)\s+(.*)/.exec(line) ?? [];
  if (!state || state.startsWith('Z') || !start) return undefined;
  return { pid, group: Number(group), start, command: command ?? '' };
}

function ps(args: string[]): string {
  try {
    return execFileSync('ps', args, { encoding: 'utf8', env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' } });
  } catch {
    return ''; // ps exits with 1 when there is no such process
  }
}
