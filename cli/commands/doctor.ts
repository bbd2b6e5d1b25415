import type { Command } from 'commander';
import { inspect } from '../../local/cloud.ts';
import type { ServerState } from '../../local/process/server-process.ts';
import { checkRequirements, type Requirement } from '../../local/requirements.ts';
import { localTime } from '../../text/format.ts';
import { action, type Call } from '../cloud/call.ts';
import type { Check } from '../cloud/checks.ts';
import { checkAccount, checkLocalstack, SHORTCOMINGS } from '../cloud/checks.ts';
import { effectiveSettings } from '../cloud/settings.ts';
import type { Colors } from '../terminal/output.ts';
import { table } from '../terminal/table.ts';

export function register(program: Command): void {
  program
    .command('doctor')
    .summary('check what the local cloud needs, and what is running')
    .description(
      'Lists the programs that the local cloud needs, the versions found, and how to install what is missing; ' +
        'then which of its servers are running. With --target aws it checks that the account has what a deployment needs. ' +
        'With --target localstack it checks Docker, LocalStack and Elasticsearch, and lists how LocalStack differs from ' +
        'AWS. Exits with 1 if something is missing.',
    )
    .addHelpText('after', '\nExample: print the result for a script\n  npx drumline doctor --json')
    .action(action(run));
}

async function run(call: Call): Promise<number> {
  switch (call.target.name) {
    case 'aws':
      return examineAccount(call);
    case 'localstack':
      return examineLocalstack(call);
    case 'local':
      return examineMachine(call);
  }
}

async function examineAccount({ output, target, signal }: Call): Promise<number> {
  const checks = await checkAccount(target, effectiveSettings({}), signal);
  const ok = checks.every((check) => check.ok);
  output.result({ ok, checks }, () => checkLines(checks, output.colors).join('\n'));
  return ok ? 0 : 1;
}

async function examineLocalstack({ output, target, signal }: Call): Promise<number> {
  const checks = await checkLocalstack(target, signal);
  const ok = checks.every((check) => check.ok);
  output.result({ ok, checks, shortcomings: SHORTCOMINGS }, () =>
    [
      ...checkLines(checks, output.colors),
      '',
      'How LocalStack 4.14 differs from AWS:',
      ...SHORTCOMINGS.map((each) => `- ${each}`),
    ].join('\n'),
  );
  return ok ? 0 : 1;
}

function checkLines(checks: Check[], colors: Colors): string[] {
  return [
    table(
      ['', 'Needed', 'Found'],
      checks.map((check) => [mark(check.ok, colors), check.name, check.found]),
    ),
    ...checks.flatMap(({ advice }) => (advice ? ['', advice] : [])),
  ];
}

async function examineMachine({ output, target }: Call): Promise<number> {
  const [requirements, servers] = await Promise.all([checkRequirements(), inspect(target.home)]);
  const ok = requirements.every((requirement) => requirement.ok);
  const { root, emulatorUrl, elasticsearchUrl } = target.home;
  output.result({ ok, requirements, home: root, servers }, () =>
    [
      requirementTable(requirements, output.colors),
      ...installLines(requirements),
      '',
      serverTable([
        ['emulator', servers.emulator, emulatorUrl],
        ['Elasticsearch', servers.elasticsearch, elasticsearchUrl],
      ]),
      '',
      `The local cloud’s folder is ${root}.`,
    ].join('\n'),
  );
  return ok ? 0 : 1;
}

function mark(ok: boolean, { green, red }: Colors): string {
  return ok ? green('✔') : red('✖');
}

function requirementTable(requirements: Requirement[], colors: Colors): string {
  const rows = requirements.map((each) => [
    mark(each.ok, colors),
    each.name,
    each.needs,
    each.ok ? `${each.found} (${each.path})` : each.problem,
  ]);
  return table(['', 'Program', 'Needed', 'Found'], rows);
}

function installLines(requirements: Requirement[]): string[] {
  const missing = requirements.filter(({ ok }) => !ok);
  if (missing.length === 0) return [];
  const withOwn = missing.every(({ name }) => name === 'JDK' || name === 'Maven');
  return [
    '',
    'To install what is missing on Debian/Ubuntu:',
    ...missing.map(({ install }) => `  ${install.debian}`),
    'On macOS:',
    ...missing.map(({ install }) => `  ${install.macos}`),
    ...(withOwn ? ['With your own Elasticsearch 8 (up --elasticsearch URL) they are not needed.'] : []),
  ];
}

function serverTable(servers: [name: string, state: ServerState, url: string][]): string {
  const rows = servers.map(([name, state, url]) => {
    if (!state.running) return [name, 'stopped', `would be at ${url}`];
    const health = state.healthy ? 'running' : 'running, but does not answer';
    return [
      name,
      health,
      `port ${state.port}, pid ${state.pid}, since ${localTime(state.since.toISOString())}`,
    ];
  });
  return table(['Server', 'State', ''], rows);
}
