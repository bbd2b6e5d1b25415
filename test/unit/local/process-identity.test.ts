import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  identify,
  isAlive,
  membersOf,
  PRINT_OWN_START,
  parseStat,
} from '../../../local/process/process-identity.ts';

describe('a process’s identity', () => {
  it('stays the same while it lives, and ends with it', async () => {
    const child = spawn('sleep', ['60'], { detached: true });
    const identity = identify(child.pid ?? 0);
    expect(identity && isAlive(identity)).toBe(true);
    expect(membersOf(child.pid ?? 0).map(({ command }) => command.trim())).toEqual(['sleep 60']);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(identity && isAlive(identity)).toBe(false);
  });

  it('is not that of another process which was given the same pid', () => {
    expect(isAlive({ pid: process.pid, start: 'another time' })).toBe(false);
  });

  it('is what the process itself writes down', async () => {
    const child = spawn('sh', ['-c', `echo "$$ $(${PRINT_OWN_START})"; exec sleep 60`]);
    const [written] = await once(child.stdout, 'data');
    const [, pid, start] = /^(\d+) (.+)\n$/.exec(String(written)) ?? [];
    expect(identify(child.pid ?? 0)).toEqual({ pid: Number(pid), start });
    child.kill('SIGKILL');
  });

  it('is undefined for a pid that nobody has', () => {
    const pid = Number(execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }));
    expect(identify(pid)).toBeUndefined();
  });
});

describe('parseStat', () => {
  const fields = (name: string, state: string) =>
    `4711 (${name}) ${state} 1 4700 4711 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 987654 1000 2`;

  it('reads the group and the start, whatever the program is called', () => {
    const read = { pid: 4711, group: 4700, start: '987654' };
    expect(parseStat(4711, fields('node', 'S'))).toEqual(read);
    expect(parseStat(4711, fields('a) Z 9 (b', 'R'))).toEqual(read);
  });

  it('takes a zombie for gone', () => {
    expect(parseStat(4711, fields('node', 'Z'))).toBeUndefined();
  });
});
