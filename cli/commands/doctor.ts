import type { Command } from 'commander';
import { readDepth } from '../../functions/core/queue/queue.ts';
import { CONDITIONS } from '../../infra-cdk/settings/conditions.ts';
import { inspect } from '../../local/cloud.ts';
import type { ServerState } from '../../local/process/server-process.ts';
import { checkRequirements, type Requirement } from '../../local/requirements.ts';
import { action, type Call } from '../cloud/call.ts';
import { type Check, checkLocalstack, SHORTCOMINGS } from '../cloud/checks.ts';
import { findCurrentDeployment } from '../cloud/deployment.ts';
import { readStatus } from '../cloud/invoke.ts';
import { effectiveSettings } from '../cloud/settings.ts';
import { readJob } from '../job/load-job.ts';
import { type Finding, findingsOf, optionsNote } from '../runs/findings.ts';
import { localTime } from '../terminal/format.ts';
import type { Colors } from '../terminal/output.ts';
import { table } from '../terminal/table.ts';

export function register(program: Command): void {
  program
    .command('doctor')
    .summary('check the requirements and the deployment, and show what is running')
    .description(
      'Checks the programs that the local cloud needs, says how to install missing ones, and shows which servers are ' +
        'running. With --target aws it checks what a deployment needs: the account’s concurrency quota, secrets, and more. With --target ' +
        'localstack it checks Docker, LocalStack and Elasticsearch, and lists how LocalStack differs from AWS. If ' +
        'Drumline is deployed, it checks the conditions of the alarms, as far as the ledger and the queues show them. ' +
        'Exits with 1 if something is missing or needs attention.',
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

/** The findings about the deployment; undefined if nothing is deployed. */
async function readFindings({ target, signal }: Call): Promise<Finding[] | undefined> {
  const deployment = await findCurrentDeployment(target, signal);
  if (!deployment) return undefined;
  const [status, { visible, inFlight, delayed }] = await Promise.all([
    readStatus(deployment, signal),
    readDepth({ url: deployment.abandonedEventsQueueUrl, client: target.clients.sqs }),
  ]);
  return findingsOf(status, visible + inFlight + delayed, Date.now());
}

function findingLines({ output: { colors }, target }: Call, findings: Finding[] | undefined): string[] {
  if (!findings) return [];
  const judged = new Set<string>(findings.map(({ condition }) => condition));
  const others = Object.keys(CONDITIONS).filter((name) => !judged.has(name));
  return [
    '',
    table(
      ['', 'Alarm', 'Found'],
      findings.map(({ ok, condition, found }) => [mark(ok, colors), condition, found]),
    ),
    ...findings.flatMap(({ ok, condition, title, meaning, action }) =>
      ok ? [] : ['', `${condition}: ${title}. ${meaning} ${action}`],
    ),
    ...(findings.every(({ ok }) => ok) ? [] : optionsNote(target.options)),
    '',
    `Only CloudWatch knows: ${others.join(', ')}.`,
  ];
}

async function reportChecks(call: Call, checks: Check[], shortcomings?: string[]): Promise<number> {
  const { output } = call;
  // Without the cloud, nothing can be asked.
  const findings = checks.some(({ name, ok }) => name === 'LocalStack' && !ok)
    ? undefined
    : await readFindings(call);
  const ok = [...checks, ...(findings ?? [])].every((each) => each.ok);
  const rows = checks.map((check) => [mark(check.ok, output.colors), check.name, check.found]);
  output.result({ ok, checks, ...(findings && { findings }), ...(shortcomings && { shortcomings }) }, () =>
    [
      table(['', 'Needed', 'Found'], rows),
      ...checks.flatMap(({ name, advice }) => (advice ? ['', `${name}: ${advice}`] : [])),
      ...findingLines(call, findings),
      ...(shortcomings ? ['', 'How LocalStack 4.14 differs from AWS:'] : []),
      ...(shortcomings ?? []).map((each) => `- ${each}`),
    ].join('\n'),
  );
  return ok ? 0 : 1;
}

async function diagnoseMachine(call: Call): Promise<number> {
  const { output, target } = call;
  const [requirements, servers] = await Promise.all([checkRequirements(), inspect(target.home)]);
  const { emulator } = servers;
  const findings = emulator.running && emulator.healthy ? await readFindings(call) : undefined;
  const ok = [...requirements, ...(findings ?? [])].every((each) => each.ok);
  const { root, emulatorUrl, elasticsearchUrl } = target.home;
  output.result({ ok, requirements, home: root, servers, ...(findings && { findings }) }, () =>
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
      ...findingLines(call, findings),
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
