import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Identifies a process by its pid and its start, because the system uses pids again. */
export type ProcessIdentity = {
  readonly pid: number;
  /** Opaque: clock ticks since boot on Linux, a date in UTC on other systems. */
  readonly start: string;
};

type Process = ProcessIdentity & { readonly group: number; readonly command: string };

/**
 * A shell command that prints the start of its shell, in the format of `identify`. A server's shell records itself with
 * it and then calls `exec`. So there is no moment at which a running server is not recorded.
 */
export const PRINT_OWN_START =
  process.platform === 'linux'
    ? `sed 's/.*) //' "/proc/$$/stat" | cut -d' ' -f20`
    : 'TZ=UTC LC_ALL=C ps -o lstart= -p $$';

/** The process that has this pid now. Undefined if there is none, or only a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  const process = readProcess(pid);
  return process && { pid, start: process.start };
}

/** Whether this process is still running, and not another one that got its pid. */
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
    return undefined; // it has ended, perhaps between the two reads
  }
}

/** Parses /proc/PID/stat (proc(5)). The program's name may have spaces and parentheses, so fields count from the last `)`. */
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
