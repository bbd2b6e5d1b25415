import { Command, CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { cdkError } from '../../../cli/cloud/cdk.ts';
import { explainError } from '../../../cli/cloud/client-errors.ts';
import { commandErrorOf } from '../../../cli/cloud/invoke.ts';
import type { Target } from '../../../cli/cloud/target.ts';
import { CommandError, Interrupted, UsageError } from '../../../cli/terminal/errors.ts';
import { failureOf, helpHint } from '../../../cli/terminal/failure.ts';
import { SettingError } from '../../../infra-cdk/settings/parse-settings.ts';
import { localHome } from '../../../local/home.ts';
import { UserError } from '../../../local/user-error.ts';

const home = localHome({});
const command = (words: string) => `npx drumline ${words}`;
const environment = { AWS_ENDPOINT_URL: home.emulatorUrl };
const local = { name: 'local', isManaged: true, home, environment, command } as unknown as Target;
const aws = { ...local, name: 'aws' } as Target;
const going = new AbortController().signal;

describe('a failure ends with', () => {
  test.each([
    [new CommandError('run_active', 'm', 'n'), 1, 'run_active'],
    [new UsageError('m', 'n'), 2, 'wrong_use'],
    [new UserError('m', 'n'), 1, 'failed'],
    [new SettingError('setting index=!: …'), 2, 'wrong_setting'],
    [new Interrupted(), 130, 'interrupted'],
    [new CommanderError(1, 'commander.unknownOption', 'error: unknown option'), 2, 'wrong_use'],
    [new TypeError('x'), 1, 'bug'],
    ['thrown text', 1, 'bug'],
  ])('%o: exit code %d, %s', (error, exitCode, code) => {
    expect(failureOf(error, 'help')).toMatchObject({ exitCode, code });
  });

  test('help that was asked for is no failure', () => {
    expect(failureOf(new CommanderError(0, 'commander.helpDisplayed', ''), '')).toBeUndefined();
  });

  test('only a bug has a stack', () => {
    expect(failureOf(new TypeError('x'), '')?.stack).toContain('failure.test');
    expect(failureOf(new UserError('m', 'n'), '')?.stack).toBeUndefined();
  });

  test('wrong use points to the help of what was called', () => {
    const program = new Command('drumline');
    const list = program.command('dead-letters').command('list');
    expect(helpHint(list)).toBe('See npx drumline dead-letters list --help');
  });
});

describe('what a cloud’s client throws is put in words', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:4566'), { code: 'ECONNREFUSED' });

  test('nobody listens', () => {
    expect(explainError(refused, local, going)).toMatchObject({
      code: 'not_running',
      nextStep: 'npx drumline up',
    });
    expect(explainError(refused, aws, going)).toMatchObject({ code: 'unreachable' });
    const wrapped = new Error('fetch failed', { cause: refused });
    expect(explainError(wrapped, local, going)).toMatchObject({ code: 'not_running' });
  });

  test.each([
    [{ name: 'CredentialsProviderError' }, 'no_credentials'],
    [{ name: 'ExpiredTokenException', $metadata: {} }, 'credentials_refused'],
    [{ name: 'AccessDeniedException', $metadata: {} }, 'cloud_refused'],
    [{ name: 'TimeoutError' }, 'no_answer'],
    [{ message: 'Region is missing' }, 'no_region'],
  ])('%o is %s', (fields, code) => {
    expect(explainError(Object.assign(new Error('m'), fields), aws, going)).toMatchObject({ code });
  });

  test('a bug stays one', () => {
    const bug = new TypeError('x');
    expect(explainError(bug, local, going)).toBe(bug);
  });

  test('after Ctrl-C it is the interruption, whatever fails', () => {
    const reason = new Interrupted();
    const controller = new AbortController();
    controller.abort(reason);
    expect(explainError(new UserError('javac is missing', ''), local, controller.signal)).toBe(reason);
    expect(explainError(Object.assign(new Error(), { name: 'AbortError' }), local, controller.signal)).toBe(
      reason,
    );
  });
});

test.each([
  ['run_active', 'npx drumline stop'],
  ['no_active_run', 'npx drumline start --x 1000 --y 1'],
  ['no_such_run', 'npx drumline runs'],
  ['results_unavailable', 'npx drumline doctor'],
  ['conflict', 'again'],
])('a function’s refusal %s says what to do', (code, next) => {
  const trouble = commandErrorOf(
    { code, message: 'there is something; do this', details: { runId: 'r' } },
    command,
  );
  expect(trouble.code).toBe(code);
  expect(trouble.nextStep).toContain(next);
  expect(trouble.message).toMatch(/^[A-Z].*\.$/);
});

describe('of what the CDK says', () => {
  test('a wrong setting is all that is shown', () => {
    const said =
      'npm warn x\nsetting batchSize=0: a whole number from 1 to 10000\nnpx tsx: Subprocess exited with error 1';
    const error = cdkError(said, 'cdk deploy', '/log');
    expect(error).toBeInstanceOf(SettingError);
    expect(error.message).toBe('setting batchSize=0: a whole number from 1 to 10000');
  });

  test('the bundler’s own words are shown, and not again as Node has them', () => {
    const said =
      '✘ [ERROR] Expected identifier\n\n    job.ts:2:0:\n      2 │ \n        ╵ ^\n\nError: Build failed with 1 error:\n    at x (y)\n';
    expect(cdkError(said, 'cdk deploy', '/log').message).toBe(
      'cdk deploy failed:\n✘ [ERROR] Expected identifier\n    job.ts:2:0:\n      2 │ \n        ╵ ^',
    );
  });

  test('else the end, without stack traces, and where all of it is', () => {
    const said = `${'before\n'.repeat(40)}❌ Drumline failed: AccessDenied\n    at f (g.js:1:2)\nNode.js v20.20.2\n`;
    const error = cdkError(said, 'cdk deploy', '/logs/cdk-deploy.log');
    expect(error.message.split('\n')).toHaveLength(16);
    expect(error.message).toMatch(/Drumline failed: AccessDenied$/);
    expect(error).toMatchObject({ nextStep: 'The whole output: /logs/cdk-deploy.log' });
  });
});
