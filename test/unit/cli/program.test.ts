import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createProgram, runCommandLine } from '../../../cli/program.ts';
import { PROJECT } from '../../../infra-cdk/settings/settings.ts';

/** What a command line printed, and its exit code. */
async function run(...words: string[]): Promise<{ stdout: string; stderr: string; code: unknown }> {
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      printed[stream] += text;
      return true;
    });
  process.exitCode = undefined;
  await runCommandLine(words);
  vi.restoreAllMocks();
  return { ...printed, code: process.exitCode ?? 0 };
}

let exitCode: typeof process.exitCode;
beforeEach(() => {
  exitCode = process.exitCode;
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = exitCode;
});

test('every command prints its help to stdout, with each option explained', async () => {
  const commands = createProgram().commands;
  expect(commands.length).toBeGreaterThanOrEqual(16);
  for (const command of commands) {
    const { code, stdout, stderr } = await run(command.name(), '--help');
    expect([code, stderr], command.name()).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^Usage: drumline ${command.name()}`));
    for (const option of command.options) expect(option.description, option.flags).toMatch(/\S/);
  }
});

test('--version and -V print the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string };
  for (const flag of ['--version', '-V'])
    expect(await run(flag)).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test('a wrong command line exits with 2, and says in a sentence what is wrong and where the help is', async () => {
  for (const words of [
    ['explode'],
    ['status', '--wach'],
    ['start', '--x', '0', '--y', '1'],
    ['start', '--x', '5', '--y', '5', '--cron', '0 6 * * *'],
    ['update', '--y', '5', '--timezone', 'Europe/Berlin'],
    ['status', '--target', 'moon'],
    ['scale', '0'],
    ['logs', 'consumr'],
    ['logs', '--since', 'yesterday'],
  ]) {
    const { code, stdout, stderr } = await run(...words);
    expect([code, stdout], words.join(' ')).toEqual([2, '']);
    expect(stderr).toMatch(/^drumline: \S.*\nSee npx drumline .*--help\n$/s);
    expect(stderr).not.toMatch(/\n\s+at /);
    const json = await run(...words, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      error: { code: 'wrong_use', message: expect.any(String) },
    });
    expect(json.code).toBe(2);
  }
});
