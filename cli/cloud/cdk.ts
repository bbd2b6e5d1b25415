import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { CreateStackCommand, waitUntilStackCreateComplete } from '@aws-sdk/client-cloudformation';
import { SettingError } from '../../infra-cdk/settings/parse-settings.ts';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import { CommandError } from '../terminal/errors.ts';
import type { Call } from './call.ts';
import { findStack } from './deployment.ts';
import { cdkContext } from './settings.ts';
import type { Target } from './target.ts';
import type { Template } from './template.ts';

/** The CDK's own stack. Each account and region needs it once. */
export const BOOTSTRAP_STACK = 'CDKToolkit';
/** The CDK's default qualifier: part of the name of each of its resources. */
const CDK_QUALIFIER = 'hnb659fds';
const MAX_ERROR_LINES = 15;
const KILL_AFTER_MS = 5_000;

/**
 * Deploys the CDK's own stack, unless it is there. An emulator gets only the part that a deployment with the caller's
 * credentials uses, the bucket for assets: `cdk bootstrap` takes several seconds there.
 * @param withRoles whether the deployment uses the roles of the CDK's stack (setting `bootstrapRoles`)
 */
export async function bootstrap(call: Call, withRoles: boolean, verbose: boolean): Promise<void> {
  const { target, step, signal } = call;
  const stack = await findStack(target, BOOTSTRAP_STACK, signal);
  const isComplete = stack && !/FAILED|ROLLBACK_COMPLETE$|IN_PROGRESS/.test(stack.StackStatus ?? '');
  const isEmulator = target.name !== 'aws';
  // `cdk bootstrap` leaves this output, the stack with only the bucket does not have it.
  const hasRoles = stack?.Outputs?.some(({ OutputKey }) => OutputKey === 'BootstrapVersion') ?? false;
  if (isComplete && (!isEmulator || !withRoles || hasRoles)) return;
  await step('Preparing the cloud for the CDK', () => {
    if (isEmulator && !withRoles && !stack) return createAssetsBucket(call);
    // With an environment the CDK need not synthesize the app to find one. The emulators have this one account.
    const environment = isEmulator ? [`aws://000000000000/${target.environment.AWS_REGION}`] : [];
    return cdk(call, ['bootstrap', ...environment], verbose);
  });
}

/** Creates the CDK's stack with nothing but the bucket for assets, under the name that the CDK expects. */
async function createAssetsBucket({ target, signal }: Call): Promise<void> {
  const client = target.clients.cloudFormation;
  const qualifier = cdkContext()['@aws-cdk/core:bootstrapQualifier'] ?? CDK_QUALIFIER;
  const name = { 'Fn::Sub': `cdk-${qualifier}-assets-\${AWS::AccountId}-\${AWS::Region}` };
  const bucket = { Type: 'AWS::S3::Bucket', Properties: { BucketName: name } };
  const TemplateBody = JSON.stringify({ Resources: { StagingBucket: bucket } });
  await client.send(new CreateStackCommand({ StackName: BOOTSTRAP_STACK, TemplateBody }), {
    abortSignal: signal,
  });
  await waitUntilStackCreateComplete(
    { client, abortSignal: signal, minDelay: 0.1, maxDelay: 1, maxWaitTime: 60 },
    { StackName: BOOTSTRAP_STACK },
  );
}

/** The stack as it will be deployed: a folder with its template and the code of the functions. */
export interface Assembly {
  folder: string;
  template: Template;
}

/** Synthesizes the stack with the given context, without deploying it. */
export async function synthesizeStack(
  call: Call,
  context: Record<string, string>,
  verbose: boolean,
): Promise<Assembly> {
  const { stackName } = call.target;
  await cdk(call, ['synth', stackName, '--quiet', ...contextOptions(context)], verbose);
  const folder = outputFolder(call.target);
  const template = JSON.parse(await readFile(join(folder, `${stackName}.template.json`), 'utf8'));
  return { folder, template };
}

/** Deploys the stack with the given context, or as it has been synthesized. */
export async function deployStack(
  call: Call,
  from: Record<string, string> | Assembly,
  verbose: boolean,
): Promise<void> {
  // On the emulator a change set shows nothing that the update does not, and takes two seconds.
  const method = call.target.name === 'local' ? ['--method', 'direct'] : [];
  // `reviewPermissions` asks, because the CDK has no terminal here.
  const flags = ['--require-approval', 'never', '--progress', 'events', ...method];
  const source = isAssembly(from) ? ['--app', from.folder] : contextOptions(from);
  await cdk(call, ['deploy', call.target.stackName, ...flags, ...source], verbose);
}

function isAssembly(from: Record<string, string> | Assembly): from is Assembly {
  return typeof from.template === 'object';
}

function contextOptions(context: Record<string, string>): string[] {
  return Object.entries(context).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Each local cloud and stage has its own output folder, so that concurrent deployments do not share cdk.out. */
function outputFolder({ home, stage }: Target): string {
  return join(home.root, `cdk.out${stage && `-${stage}`}`);
}

/** Runs the project's CDK, with its output in a log file. @throws the error that `cdkError` finds in its output */
async function cdk({ target, output, signal }: Call, args: string[], verbose: boolean): Promise<void> {
  await mkdir(target.home.logs, { recursive: true });
  const logFile = join(target.home.logs, `cdk-${args[0]}.log`);
  const log = createWriteStream(logFile);
  const text: string[] = [];
  const child = spawn(
    join(PROJECT, 'node_modules', '.bin', 'cdk'),
    [...args, '--output', outputFolder(target), '--no-notices', '--no-color'],
    // In its own process group, the CDK does not receive Ctrl-C from the terminal; `abort` sends it to the whole group.
    { cwd: PROJECT, env: target.environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  const killGroup = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // It has ended already.
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const abort = () => {
    killGroup('SIGINT');
    timer = setTimeout(() => killGroup('SIGKILL'), KILL_AFTER_MS);
  };
  signal.addEventListener('abort', abort, { once: true });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      log.write(part);
      text.push(part);
      if (verbose) output.say(part.trimEnd());
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  }).finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    log.end();
  });
  signal.throwIfAborted();
  if (code !== 0) throw cdkError(stripVTControlCharacters(text.join('')), `cdk ${args[0]}`, logFile);
}

/** Finds the cause in the CDK's output: a wrong setting, an error in the code, or the last lines. */
export function cdkError(output: string, command: string, logFile: string): Error {
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !NOISE.test(line));
  const settings = lines.filter((line) => /^setting \w+=/.test(line));
  if (settings.length > 0) return new SettingError(settings.join('\n'));
  const start = lines.findIndex((line) => line.includes('[ERROR]'));
  // The bundler prints an error in the code, and then throws it again as an exception.
  const end = lines.findIndex((line, at) => at > start && /^\w*Error: /.test(line));
  const cause = start < 0 ? lines.slice(-MAX_ERROR_LINES) : lines.slice(start, end < 0 ? undefined : end);
  const shown = cause.slice(0, MAX_ERROR_LINES).join('\n');
  return new CommandError('cdk_failed', `${command} failed:\n${shown}`, `The whole output: ${logFile}`);
}

/** Lines without the cause: stack traces, messages of Node.js and npm, and the CDK's note that the app has failed. */
const NOISE =
  /^\s+at |^\s*\.\.\.|^node:internal|triggerUncaughtException|^\s+\^$|^Node\.js v|Subprocess exited|^npm warn/;
