import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import { FUNCTIONS, NO_BUNDLING, synthesize } from './synthesis.ts';
import { OWN_IN_VPC } from './targets.ts';

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'drumline-template-'));
});
afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program in the project's folder, without an AWS account and without environment variables that affect it. */
function run(
  program: string,
  parameters: string[],
  environment: Record<string, string> = {},
): Promise<Ended> {
  const own = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(AWS_|CDK_|NODE_|VITEST)/.test(name)),
  );
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, {
      cwd: PROJECT,
      env: { ...own, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended: Ended = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      ended.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      ended.stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...ended, code }));
  });
}

function bin(name: string): string {
  return join(PROJECT, 'node_modules', '.bin', name);
}

/** Runs the app as `cdk` does. */
function runApp(context: Record<string, unknown>): Promise<Ended> {
  return run(bin('tsx'), [join('infra-cdk', 'app.ts')], {
    CDK_OUTDIR: scratch,
    CDK_CONTEXT_JSON: JSON.stringify(context),
  });
}

function json(file: string) {
  return JSON.parse(readFileSync(join(scratch, file), 'utf8'));
}

describe('cdk synth', () => {
  test('exits with 1 and one line for a wrong setting', async () => {
    const { code, stdout, stderr } = await run(bin('cdk'), [
      ...['synth', '-c', 'concurrency=0', '--output', scratch, '--no-notices'],
    ]);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    const lines = stderr.split('\n').filter((line) => line.includes('setting'));
    expect(lines).toEqual(['setting concurrency=0: must be an integer from 1 to 1,000']);
    // No stack trace of this project's code.
    expect(stderr).not.toMatch(/SettingError|infra-cdk\/.*:\d+/);
    expect(existsSync(join(scratch, 'Drumline.template.json'))).toBe(false);
  });

  test('bundles each function into a file that Node loads and that exports its handler', async () => {
    const { code, stderr } = await run(bin('cdk'), [
      ...['synth', '--quiet', '--output', scratch, '--no-notices'],
    ]);
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    const { Resources } = json('Drumline.template.json') as {
      Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
    };
    const functions = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
    expect(functions).toHaveLength(FUNCTIONS.length);
    for (const { Properties } of functions) {
      const { S3Key } = Properties.Code as { S3Key: string };
      const { Variables } = Properties.Environment as { Variables: Record<string, unknown> };
      // References stand for names and URLs of resources that the deployment creates.
      const environment = Object.entries(Variables).map(([name, value]) => [
        name,
        typeof value === 'string'
          ? value
          : 'https://sqs.eu-west-1.amazonaws.com/123456789012/made-at-deployment',
      ]);
      const bundle = join(scratch, `asset.${S3Key.replace('.zip', '')}`, 'index.mjs');
      const loaded = await run(
        process.execPath,
        [
          // The SDK's warning about this version of Node.js is not a problem of the bundle.
          '--no-warnings',
          '-e',
          `import(${JSON.stringify(bundle)}).then(({ handler }) => console.log(typeof handler, handler.length))`,
        ],
        {
          ...Object.fromEntries(environment),
          ...{ AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
        },
      );
      // Lambda passes the event and the context. A third parameter would be a callback, for which Lambda would wait.
      expect([Properties.FunctionName, loaded.code, loaded.stdout, loaded.stderr]).toEqual([
        ...[Properties.FunctionName, 0, 'function 2\n', ''],
      ]);
      // Cold starts of the other functions do not load the cron library.
      expect([Properties.FunctionName, readFileSync(bundle, 'utf8').includes('CronPattern: ')]).toEqual([
        ...[Properties.FunctionName, /scheduler|control/.test(String(Properties.FunctionName))],
      ]);
      // Node.js would print the whole line of the bundle that throws.
      const refused = await run(
        process.execPath,
        ['-e', `import(${JSON.stringify(bundle)}).catch(({ message }) => console.log(message))`],
        { AWS_REGION: 'eu-west-1' },
      );
      expect(refused.stdout).toMatch(/^DRUMLINE_\w+ is not set: .*; deploy the stack again\n$/);
    }
  });
});

describe('the app', () => {
  test("has one stack, deployed with the user's own credentials", async () => {
    expect(await runApp(NO_BUNDLING)).toEqual({ code: 0, stdout: '', stderr: '' });
    const { artifacts } = json('manifest.json');
    const stacks = Object.entries(artifacts).filter(
      ([, artifact]) => (artifact as { type: string }).type === 'aws:cloudformation:stack',
    );
    expect(stacks.map(([name]) => name)).toEqual(['Drumline']);
    expect(artifacts.Drumline.properties).not.toHaveProperty('assumeRoleArn');
    const { Description, Resources } = json('Drumline.template.json');
    expect(Description).toMatch(/^Drumline: X jobs every Y minutes/);
    // The other tests synthesize the stack without the app. Their logical IDs must be those of the app.
    expect(Object.keys(Resources)).toEqual(Object.keys(synthesize().toJSON().Resources));
  });

  test('has a separate stack for another stage, deployed with the bootstrap roles if so set', async () => {
    const context = { ...NO_BUNDLING, stage: 'demo', bootstrapRoles: 'true' };
    expect(await runApp(context)).toMatchObject({ code: 0, stderr: '' });
    const { artifacts } = json('manifest.json');
    expect(artifacts['Drumline-demo'].properties.assumeRoleArn).toContain('-deploy-role-');
    expect(Object.keys(artifacts)).not.toContain('Drumline');
  });

  test('needs no account for a VPC, and prints no warning', async () => {
    const context = { ...NO_BUNDLING, ...OWN_IN_VPC };
    expect(await runApp(context)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(json('manifest.json')).not.toHaveProperty('missing');
  });

  test('names an unknown setting and exits with 1', async () => {
    expect(await runApp({ ...NO_BUNDLING, concurency: '3' })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'setting concurency=3: there is no such setting; did you mean concurrency?\n',
    });
  });

  test('names each wrong setting and exits with 1', async () => {
    expect(await runApp({ ...NO_BUNDLING, stage: 'A', batchSize: '0', enforceSsl: 'maybe' })).toEqual({
      code: 1,
      stdout: '',
      stderr: [
        'setting batchSize=0: must be an integer from 1 to 10,000\n',
        'setting stage=A: must be up to 20 lower-case letters, digits and hyphens, a letter first\n',
        'setting enforceSsl=maybe: must be true or false\n',
      ].join(''),
    });
  });
});
