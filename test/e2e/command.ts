import { spawn } from 'node:child_process';
import { join } from 'node:path';

const PROJECT = join(import.meta.dirname, '..', '..');

/** The command's file. */
export const COMMAND = join(PROJECT, 'cli', 'drumline.mjs');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the `drumline` command as a user would, to its end. */
export function drumline(environment: Record<string, string>, parameters: string[]): Promise<Ended> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [COMMAND, ...parameters], {
      cwd: PROJECT,
      env: { ...withoutAws(process.env), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', failed);
    child.on('close', (code) => done({ code, stdout, stderr }));
  });
}

/** The command's answer as its one JSON document. */
export async function drumlineJson<Answer>(
  environment: Record<string, string>,
  parameters: string[],
): Promise<Answer> {
  const { code, stdout, stderr } = await drumline(environment, [...parameters, '--json']);
  try {
    return JSON.parse(stdout) as Answer;
  } catch {
    throw new Error(
      `drumline ${parameters.join(' ')} ended with ${code} and no JSON document:\n${stdout}\n${stderr}`,
    );
  }
}

function withoutAws(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(AWS_|DRUMLINE_)/.test(name)));
}
