import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import {
  identify,
  isAlive,
  membersOf,
  PRINT_OWN_START,
  parseStat,
} from '../../../local/process/process-identity.ts';

test('a process keeps its identity until it ends', async () => {
  const child = spawn('sleep', ['60'], { detached: true });
  const identity = identify(child.pid ?? 0);
  expect(identity && isAlive(identity)).toBe(true);
  expect(membersOf(child.pid ?? 0).map(({ command }) => command.trim())).toEqual(['sleep 60']);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(identity && isAlive(identity)).toBe(false);
});

test('another process with the same pid has another identity, and an unused pid has none', () => {
  expect(isAlive({ pid: process.pid, start: 'another time' })).toBe(false);
  const unused = Number(execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }));
  expect(identify(unused)).toBeUndefined();
});

test('a process records the same identity about itself', async () => {
  const child = spawn('sh', ['-c', `echo "$$ $(${PRINT_OWN_START})"; exec sleep 60`]);
  const [written] = await once(child.stdout, 'data');
  const [, pid, start] = /^(\d+) (.+)\n$/.exec(String(written)) ?? [];
  expect(identify(child.pid ?? 0)).toEqual({ pid: Number(pid), start });
  child.kill('SIGKILL');
});

test('parseStat reads group and start whatever the name of the program, and ignores a zombie', () => {
  const stat = (name: string, state: string) =>
    `4711 (${name}) ${state} 1 4700 4711 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 987654 1000 2`;
  const parsed = { pid: 4711, group: 4700, start: '987654' };
  expect(parseStat(4711, stat('node', 'S'))).toEqual(parsed);
  expect(parseStat(4711, stat('a) Z 9 (b', 'R'))).toEqual(parsed);
  expect(parseStat(4711, stat('node', 'Z'))).toBeUndefined();
});
