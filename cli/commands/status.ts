import type { Command } from 'commander';
import { action, type Call, type GlobalOptions } from '../cloud/call.ts';
import { readStatus } from '../cloud/invoke.ts';
import { statusScreen } from '../runs/status-screen.ts';
import { watchStatus } from '../runs/watch-status.ts';
import { CommandError, UsageError } from '../terminal/errors.ts';
import { runId } from '../terminal/options.ts';
import { isTerminal } from '../terminal/output.ts';

export function register(program: Command): void {
  program
    .command('status')
    .summary('show how the run stands: jobs, queue, workers')
    .description(
      'Shows how the active run stands, or the last one: ticks, jobs, the queue, each worker’s share.',
    )
    .option('--watch', 'a live screen, until Ctrl-C or q')
    .option('--run <id>', 'show this run (see "drumline runs")', runId)
    .addHelpText(
      'after',
      '\nExamples:\n  npx drumline status --watch\n  npx drumline status --json | jq .processed',
    )
    .action(action(run));
}

async function run(
  call: Call,
  { watch, run: asked, json }: { watch?: boolean; run?: string } & GlobalOptions,
): Promise<void> {
  const { output, signal, target } = call;
  if (watch && json) {
    throw new UsageError(
      '--watch shows a screen; it has no --json.',
      'Call "status --json" as often as you like.',
    );
  }
  if (watch && !isTerminal(process.stdout)) {
    throw new UsageError('--watch needs a terminal.', 'Leave --watch away to have the status once.');
  }
  const deployment = await call.deployment();
  const status = await readStatus(deployment, signal, asked);
  if (asked !== undefined && status.runId === null) {
    throw new CommandError('no_such_run', `There is no run ${asked}.`, target.command('runs'));
  }
  if (watch) {
    await watchStatus(call, deployment, { runId: asked, foot: 'q leaves; the run goes on' });
    return;
  }
  output.result(status, () =>
    statusScreen(status, { colors: output.colors, width: process.stdout.columns ?? 80 }),
  );
}
