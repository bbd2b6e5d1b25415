import type { Command } from 'commander';
import { action, type Call, type GlobalOptions } from '../cloud/call.ts';
import { readStatus } from '../cloud/invoke.ts';
import { warningsOf } from '../runs/findings.ts';
import { statusScreen } from '../runs/status-screen.ts';
import { watchStatus } from '../runs/watch-status.ts';
import { CommandError, UsageError } from '../terminal/errors.ts';
import { runOption } from '../terminal/options.ts';
import { isTerminal } from '../terminal/output.ts';

export function register(program: Command): void {
  program
    .command('status')
    .summary('show the progress of a run: jobs, queue, workers')
    .description(
      'Shows the active or last run: its ticks and jobs, the queue, each worker’s share, and what needs your attention.',
    )
    .option('--watch', 'update the screen every second until Ctrl-C or q')
    .addOption(runOption())
    .addHelpText(
      'after',
      '\nExamples:\n  npx drumline status --watch\n  npx drumline status --json | jq .processed',
    )
    .action(action(run));
}

async function run(
  call: Call,
  { watch, run: runId, json }: { watch?: boolean; run?: string } & GlobalOptions,
): Promise<void> {
  const { output, signal, target } = call;
  if (watch && json) {
    throw new UsageError('--watch and --json cannot be combined.', 'Omit one of them.');
  }
  if (watch && !isTerminal(process.stdout)) {
    throw new UsageError('--watch needs a terminal.', 'Omit --watch to print the status once.');
  }
  const deployment = await call.deployment();
  const status = await readStatus(deployment, signal, runId);
  if (runId !== undefined && status.runId === null) {
    throw new CommandError('no_such_run', `There is no run ${runId}.`, target.command('runs'));
  }
  if (watch) {
    await watchStatus(call, deployment, { runId, footer: () => ['Press q to quit. The run continues.'] });
    return;
  }
  output.result({ ...status, warnings: warningsOf(status) }, () =>
    statusScreen(status, {
      colors: output.colors,
      width: process.stdout.columns ?? 80,
      options: target.options,
    }),
  );
}
