import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { SettingError } from '../../infra-cdk/settings/parse-settings.ts';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import { CommandError } from '../terminal/errors.ts';
import type { Call } from './call.ts';
import { findStack } from './deployment.ts';

/** The CDK's own stack in an account and region. */
export const BOOTSTRAP_STACK = 'CDKToolkit';
const LINES_SHOWN = 15;
const KILL_AFTER_MS = 5_000;

/** Has the CDK's own stack there, which holds what is deployed; made once for an account and region. */
export async function bootstrap(call: Call, verbose: boolean): Promise<void> {
  const { target, step, signal } = call;
  const stack = await findStack(target, BOOTSTRAP_STACK, signal);
  if (stack && !/FAILED|ROLLBACK_COMPLETE$|IN_PROGRESS/.test(stack.StackStatus ?? '')) return;
  // Naming the environment spares the CDK the synthesis it would find it by; the emulators have this one account.
  const place = target.name === 'aws' ? [] : [`aws://000000000000/${target.environment.AWS_REGION}`];
  await step('Preparing the cloud for the CDK', () => cdk(call, ['bootstrap', ...place], verbose));
}

/** Deploys the stack with the given context. */
export async function deployStack(
  call: Call,
  context: Record<string, string>,
  verbose: boolean,
): Promise<void> {
  const { target } = call;
  const pairs = Object.entries(context).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const arguments_ = [
    'deploy',
    target.stackName,
    '--require-approval',
    'never',
    '--progress',
    'events',
    ...pairs,
  ];
  await cdk(call, arguments_, verbose);
}

/** Runs the project's own CDK; what it says goes to a file, and its end is shown when it fails. */
async function cdk({ target, output, signal }: Call, words: string[], verbose: boolean): Promise<void> {
  await mkdir(target.home.logs, { recursive: true });
  const logFile = join(target.home.logs, `cdk-${words[0]}.log`);
  const log = createWriteStream(logFile);
  const said: string[] = [];
  // Its own folder for what it synthesizes, so that deployments of two local clouds don't meet in cdk.out.
  const folder = ['--output', join(target.home.root, `cdk.out${target.stage && `-${target.stage}`}`)];
  const child = spawn(
    join(PROJECT, 'node_modules', '.bin', 'cdk'),
    [...words, ...folder, '--no-notices', '--no-color'],
    // A group of its own: Ctrl-C reaches it through us, and its children with it.
    { cwd: PROJECT, env: target.environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  const endGroup = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // it has ended meanwhile
    }
  };
  let killing: NodeJS.Timeout | undefined;
  const abort = () => {
    endGroup('SIGINT');
    killing = setTimeout(() => endGroup('SIGKILL'), KILL_AFTER_MS);
  };
  signal.addEventListener('abort', abort, { once: true });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log.write(text);
      said.push(text);
      if (verbose) output.say(text.trimEnd());
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  }).finally(() => {
    clearTimeout(killing);
    signal.removeEventListener('abort', abort);
    log.end();
  });
  signal.throwIfAborted();
  if (code !== 0) throw failureOf(stripVTControlCharacters(said.join('')), `cdk ${words[0]}`, logFile);
}

/** What the CDK's output says went wrong: the setting or the code if it is one of these, else the end of it. */
export function failureOf(said: string, command: string, logFile: string): Error {
  const lines = said.split('\n').filter((line) => line.trim() !== '' && !NOISE.test(line));
  const settings = lines.filter((line) => /^setting \w+=/.test(line));
  if (settings.length > 0) return new SettingError(settings.join('\n'));
  const mistake = lines.findIndex((line) => line.includes('[ERROR]'));
  // The bundler says what is wrong with the code first, and then once more as an error of its own.
  const after = lines.findIndex((line, at) => at > mistake && /^\w*Error: /.test(line));
  const telling =
    mistake < 0 ? lines.slice(-LINES_SHOWN) : lines.slice(mistake, after < 0 ? undefined : after);
  const shown = telling.slice(0, LINES_SHOWN).join('\n');
  return new CommandError('cdk_failed', `${command} failed:\n${shown}`, `All that it said: ${logFile}`);
}

/** Lines around the cause: stack traces, Node's and npm's own, and the CDK's remark that the app has failed. */
const NOISE =
  /^\s+at |^\s*\.\.\.|^node:internal|triggerUncaughtException|^\s+\^$|^Node\.js v|Subprocess exited|^npm warn/;
