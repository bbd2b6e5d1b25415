import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { COMMAND } from './command.ts';
import { targetOptions } from './suite-target.ts';
import { environment, target } from './system.ts';

/** Runs `drumline dashboard --write` until the end of the test. @returns its address, with the token */
export async function runDashboard(): Promise<string> {
  const options = targetOptions({ target: target.name, stage: target.stage });
  const { NODE_ENV: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [COMMAND, ...options, 'dashboard', '--no-open', '--write'], {
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    if (child.exitCode === null && child.kill('SIGINT')) await once(child, 'exit');
  });
  for await (const line of createInterface({ input: child.stdout }))
    if (line.startsWith('http://127.0.0.1:')) return line;
  throw new Error('the dashboard ended without an address');
}
