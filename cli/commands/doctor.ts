import type { Command } from 'commander';
import { inspect } from '../../local/cloud.ts';
import type { ServerState } from '../../local/process/server-process.ts';
import { checkRequirements, type Requirement } from '../../local/requirements.ts';
import { action, type Call } from '../cloud/call.ts';
import { type Check, checkLocalstack, SHORTCOMINGS } from '../cloud/checks.ts';
import { effectiveSettings } from '../cloud/settings.ts';
import { readJob } from '../job/load-job.ts';
import { localTime } from '../terminal/format.ts';
import type { Colors } from '../terminal/output.ts';
import { table } from '../terminal/table.ts';

export function register(program: Command): void {
  program
    .command('doctor')
    .summary('check the requirements, and show what is running')
    .description(
      'Checks the programs that the local cloud needs, says how to install missing ones, and shows which servers are ' +
        'running. With --target aws it checks what a deployment needs: the account’s concurrency quota, secrets, and more. With --target ' +
        'localstack it checks Docker, LocalStack and Elasticsearch, and lists how LocalStack differs from AWS. Exits ' +
        'with 1 if something is missing.',
    )
    .addHelpText('after', '\nExample: print the result for a script\n  npx drumline doctor --json')
    .action(action(run));
}

async function run(call: Call): Promise<number> {
  const { target, signal } = call;
  if (target.name === 'aws') return diagnoseAccount(call);
  if (target.name === 'localstack')
    return reportChecks(call, await checkLocalstack(target, signal), SHORTCOMINGS);
  return diagnoseMachine(call);
}

async function diagnoseAccount(call: Call): Promise<number> {
  const { target, signal } = call;
  const { checkAccount, checkBootstrap } = await import('../cloud/check-account.ts');
  const settings = effectiveSettings({});
  const { needs } = await readJob(settings.jobFile);
  const [checks, toolkit] = await Promise.all([
    checkAccount(target, settings, Object.values(needs.secrets), signal),
    checkBootstrap(target, signal),
  ]);
  return reportChecks(call, [...checks, toolkit]);
}

function reportChecks({ output }: Call, checks: Check[], shortcomings?: string[]): number {
  const ok = checks.every((check) => check.ok);
  const rows = checks.map((check) => [mark(check.ok, output.colors), check.name, check.found]);
  output.result({ ok, checks, ...(shortcomings && { shortcomings }) }, () =>
    [
      table(['', 'Needed', 'Found'], rows),
      ...checks.flatMap(({ name, advice }) => (advice ? ['', `${name}: ${advice}`] : [])),
      ...(shortcomings ? ['', 'How LocalStack 4.14 differs from AWS:'] : []),
      ...(shortcomings ?? []).map((each) => `- ${each}`),
    ].join('\n'),
  );
  return ok ? 0 : 1;
}

async function diagnoseMachine({ output, target }: Call): Promise<number> {
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
      `Folder of the local cloud: ${root}`,
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
  const onlyJava = missing.every(({ name }) => name === 'Java');
  return [
    '',
    'Install the missing programs. On Debian or Ubuntu:',
    ...missing.map(({ install }) => `  ${install.debian}`),
    'On macOS:',
    ...missing.map(({ install }) => `  ${install.macos}`),
    ...(onlyJava
      ? ['You do not need Java with your own Elasticsearch 8: npx drumline up --elasticsearch URL']
      : []),
  ];
}

function serverTable(servers: [name: string, state: ServerState, url: string][]): string {
  const rows = servers.map(([name, state, url]) => {
    if (!state.running) return [name, 'stopped', url];
    const health = state.healthy ? 'running' : 'running, but does not answer';
    return [
      name,
      health,
      `port ${state.port}, pid ${state.pid}, since ${localTime(state.since.toISOString())}`,
    ];
  });
  return table(['Server', 'State', ''], rows);
}
