import type { Command } from 'commander';
import { action, type Call } from '../cloud/call.ts';
import type { Deployment } from '../cloud/deployment.ts';
import { findStack, readDeployment } from '../cloud/deployment.ts';
import {
  deleteStack,
  type RemainingWork,
  readDeletedKinds,
  readRemainingWork,
  requireNoWork,
} from '../cloud/destroy.ts';
import { control } from '../cloud/invoke.ts';
import { isConfirmed, isTyped } from '../terminal/confirm.ts';
import { counted } from '../terminal/format.ts';

interface Options {
  ledger?: boolean;
  discardJobs?: boolean;
  yes?: boolean;
}

export function register(program: Command): void {
  program
    .command('destroy')
    .summary('delete the stack; the ledger and the results are kept')
    .description(
      'Deletes the stack: functions, queues, logs and alarms. The ledger’s table, the bucket of list items, the results in ' +
        'Elasticsearch and the secrets stay, so that a later deploy can continue with them. It refuses while a run is ' +
        'active, jobs are queued, or dead letters are kept. ("down --wipe" is different: it deletes everything in the ' +
        'local cloud, all stages and results included.)',
    )
    .option('--ledger', 'also delete the ledger’s table and the bucket of list items, for ever')
    .option('--discard-jobs', 'delete the stack even if queued jobs or dead letters are lost')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText(
      'after',
      '\nExample: finish the work, then delete the stack\n  npx drumline stop --wait && npx drumline destroy',
    )
    .action(action(run));
}

async function run(call: Call, options: Options): Promise<number> {
  const { output, target, signal, step } = call;
  const { ledger = false, discardJobs = false, yes = false } = options;
  const stack = await findStack(target, target.stackName, signal);
  // A stack whose first deployment failed has no outputs, no work, and nothing that would be kept.
  const isEmpty = stack !== undefined && !stack.Outputs?.length;
  const deployment = isEmpty ? undefined : await readDeployment(target, signal);
  const work = deployment && (await readRemainingWork(deployment, signal));
  if (work && !discardJobs) requireNoWork(target, work);
  const deleted = await readDeletedKinds(target, target.stackName, signal);
  const kept = deployment && keptBy(deployment);
  output.say(inventory(deleted, kept, ledger));
  const confirmed =
    (await isConfirmed(call, `Delete the stack ${target.stackName}?`, yes)) &&
    (!ledger ||
      !kept ||
      (await isTyped(call, 'To delete the ledger for ever, type its name', kept.table, yes)));
  if (!confirmed || !stack) {
    output.result({ destroyed: false }, () => 'Nothing was changed.');
    return 1;
  }
  await stopRun(call, deployment, work);
  await step(`Deleting ${target.stackName}`, () => deleteStack(target, stack, signal));
  if (ledger && kept) {
    const { deleteKeptData } = await import('../cloud/kept-data.ts');
    await step('Deleting the ledger and the items', () => deleteKeptData(target, kept, signal));
  }
  const redeploy =
    kept && !ledger
      ? target.command(`deploy -c ledgerTable=${kept.table} -c itemsBucket=${kept.itemsBucket}`)
      : null;
  const document = {
    destroyed: true,
    stack: target.stackName,
    deleted,
    kept: kept ?? null,
    ledgerDeleted: ledger && kept !== undefined,
    redeploy,
  };
  output.result(document, () =>
    [
      `${target.stackName} is deleted.`,
      ...(redeploy ? [`Continue later with the same ledger: ${redeploy}`] : []),
      // API reference of SQS, "CreateQueue".
      ...(target.name === 'aws'
        ? ['Wait a minute before you deploy again: SQS then accepts queues of the same names.']
        : []),
    ].join('\n'),
  );
  return 0;
}

/** What outlives the stack. */
function keptBy({ table, itemsBucket, index }: Deployment) {
  return { table, itemsBucket, index };
}

function inventory(
  deleted: Record<string, number>,
  kept: ReturnType<typeof keptBy> | undefined,
  ledger: boolean,
): string {
  const kinds = Object.entries(deleted).map(([kind, number]) => counted(number, kind));
  const data = kept ? [`the table ${kept.table}`, `the bucket ${kept.itemsBucket}`] : [];
  const stays = [
    ...(ledger ? [] : data),
    ...(kept ? [`the index ${kept.index} in Elasticsearch`, 'secrets'] : []),
  ];
  return [
    `This deletes: ${[...kinds, ...(ledger ? data : [])].join(', ') || 'the failed stack'}.`,
    ...(stays.length > 0 ? [`This keeps: ${stays.join(', ')}.`] : []),
  ].join('\n');
}

/** A run that the kept ledger records as active would go on with the next deployment. */
async function stopRun(
  { signal }: Call,
  deployment: Deployment | undefined,
  work: RemainingWork | undefined,
): Promise<void> {
  if (deployment && work && work.activeRun !== null) await control(deployment, signal, { action: 'stop' });
}
