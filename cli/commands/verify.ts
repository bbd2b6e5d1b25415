import type { Command } from 'commander';
import { action, type Call } from '../cloud/call.ts';
import { readStatus, verify } from '../cloud/invoke.ts';
import { followRun } from '../runs/follow-run.ts';
import { verificationText } from '../runs/run-report.ts';
import { pendingOf } from '../runs/statistics.ts';
import { runOption } from '../terminal/options.ts';

export function register(program: Command): void {
  program
    .command('verify')
    .summary('check that every job is counted exactly once')
    .description(
      'Compares the ledger’s counts with the documents in Elasticsearch: every job must be counted once, and every ' +
        'processed job must have exactly one document. Exits with 1 if the check fails or jobs are pending.',
    )
    .addOption(runOption())
    .option('--wait', 'wait until no job is pending')
    .addHelpText('after', '\nExample:\n  npx drumline stop && npx drumline verify --wait')
    .action(action(run));
}

async function run(call: Call, { run: id, wait }: { run?: string; wait?: boolean }): Promise<number> {
  const { output, signal } = call;
  const deployment = await call.deployment();
  if (wait) {
    const { runId } = await readStatus(deployment, signal, id);
    if (runId) await followRun(call, deployment, runId, (status) => pendingOf(status) === 0);
  }
  const verification = await verify(deployment, signal, id);
  output.result(verification, () => verificationText(verification, output.colors));
  return verification.ok ? 0 : 1;
}
