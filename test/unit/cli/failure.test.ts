import { Command, CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { cdkError } from '../../../cli/cloud/cdk.ts';
import { explainError } from '../../../cli/cloud/client-errors.ts';
import { commandErrorOf } from '../../../cli/cloud/invoke.ts';
import type { Target } from '../../../cli/cloud/target.ts';
import { CommandError, Interrupted, UsageError } from '../../../cli/terminal/errors.ts';
import { failureOf, helpHint } from '../../../cli/terminal/failure.ts';
import { SettingError } from '../../../infra-cdk/settings/parse-settings.ts';
import { localHome } from '../../../local/base/home.ts';
import { UserError } from '../../../local/base/user-error.ts';

const home = localHome({});
const command = (words: string) => `npx drumline ${words}`;
const environment = { AWS_ENDPOINT_URL: home.emulatorUrl };
const local = { name: 'local', isManaged: true, home, environment, command } as unknown as Target;
const aws = { ...local, name: 'aws' } as Target;
const NOT_ABORTED = new AbortController().signal;

test('each kind of error has an exit code and an error code; only a bug has a stack', () => {
  for (const [error, exitCode, code] of [
    [new CommandError('run_active', 'm', 'n'), 1, 'run_active'],
    [new UsageError('m', 'n'), 2, 'wrong_use'],
    [new UserError('m', 'n'), 1, 'failed'],
    [new SettingError('setting index=!: …'), 2, 'wrong_setting'],
    [new Interrupted(), 130, 'interrupted'],
    [new CommanderError(1, 'commander.unknownOption', 'error: unknown option'), 2, 'wrong_use'],
    [new TypeError('x'), 1, 'bug'],
    ['thrown text', 1, 'bug'],
  ] as const)
    expect(failureOf(error, 'help'), code).toMatchObject({ exitCode, code });
  expect(failureOf(new CommanderError(0, 'commander.helpDisplayed', ''), '')).toBeUndefined();
  expect(failureOf(new TypeError('x'), '')?.stack).toContain('failure.test');
  expect(failureOf(new UserError('m', 'n'), '')?.stack).toBeUndefined();
});

test('a usage error points to the help of the command', () => {
  const list = new Command('drumline').command('dead-letters').command('list');
  expect(helpHint(list)).toBe('See npx drumline dead-letters list --help');
});

describe('errors of AWS clients', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:4566'), { code: 'ECONNREFUSED' });

  test('are explained', () => {
    for (const error of [refused, new Error('fetch failed', { cause: refused })])
      expect(explainError(error, local, NOT_ABORTED)).toMatchObject({
        code: 'not_running',
        nextStep: 'npx drumline up',
      });
    expect(explainError(refused, aws, NOT_ABORTED)).toMatchObject({ code: 'unreachable' });
    for (const [fields, code] of [
      [{ name: 'CredentialsProviderError' }, 'no_credentials'],
      [{ name: 'ExpiredTokenException', $metadata: {} }, 'credentials_refused'],
      [{ name: 'AccessDeniedException', $metadata: {} }, 'cloud_refused'],
      [{ name: 'TimeoutError' }, 'no_answer'],
      [{ message: 'Region is missing' }, 'no_region'],
    ] as const)
      expect(explainError(Object.assign(new Error('m'), fields), aws, NOT_ABORTED)).toMatchObject({ code });
    const bug = new TypeError('x');
    expect(explainError(bug, local, NOT_ABORTED)).toBe(bug);
  });

  test('are the interruption after Ctrl-C', () => {
    const reason = new Interrupted();
    const aborted = AbortSignal.abort(reason);
    for (const error of [
      new UserError('javac is missing', ''),
      Object.assign(new Error(), { name: 'AbortError' }),
    ])
      expect(explainError(error, local, aborted)).toBe(reason);
  });
});

test('an error that a function answers says what to do', () => {
  for (const [code, next] of [
    ['run_active', 'npx drumline stop'],
    ['no_active_run', 'npx drumline start --x 1000 --y 1'],
    ['no_such_run', 'npx drumline runs'],
    ['results_unavailable', 'npx drumline doctor'],
    ['conflict', 'again'],
  ] as const) {
    const answer = { code, message: 'there is something; do this', details: { runId: 'r' } };
    const error = commandErrorOf(answer, command);
    expect(error.code).toBe(code);
    expect(error.nextStep).toContain(next);
    expect(error.message).toMatch(/^[A-Z].*\.$/);
  }
});

describe('of the output of the CDK', () => {
  test('only a wrong setting is shown', () => {
    const output =
      'npm warn x\nsetting batchSize=0: a whole number from 1 to 10000\nnpx tsx: Subprocess exited with error 1';
    const error = cdkError(output, 'cdk deploy', '/log');
    expect(error).toBeInstanceOf(SettingError);
    expect(error.message).toBe('setting batchSize=0: a whole number from 1 to 10000');
  });

  test('an error of the bundler is shown once', () => {
    const output =
      '✘ [ERROR] Expected identifier\n\n    job.ts:2:0:\n      2 │ \n        ╵ ^\n\nError: Build failed with 1 error:\n    at x (y)\n';
    expect(cdkError(output, 'cdk deploy', '/log').message).toBe(
      'cdk deploy failed:\n✘ [ERROR] Expected identifier\n    job.ts:2:0:\n      2 │ \n        ╵ ^',
    );
  });

  test('otherwise the end is shown, without stack traces, and the path of the log', () => {
    const output = `${'before\n'.repeat(40)}❌ Drumline failed: AccessDenied\n    at f (g.js:1:2)\nNode.js v20.20.2\n`;
    const error = cdkError(output, 'cdk deploy', '/logs/cdk-deploy.log');
    expect(error.message.split('\n')).toHaveLength(16);
    expect(error.message).toMatch(/Drumline failed: AccessDenied$/);
    expect(error).toMatchObject({ nextStep: 'The whole output: /logs/cdk-deploy.log' });
  });
});
