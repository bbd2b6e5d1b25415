import type { Command } from 'commander';
import type { ControlAnswer } from '../../functions/control.ts';
import { action, type Call } from '../cloud/call.ts';
import type { Deployment } from '../cloud/deployment.ts';
import { control, readStatus } from '../cloud/invoke.ts';
import { drainRun } from '../runs/follow-run.ts';
import { CommandError } from '../terminal/errors.ts';
import { count } from '../terminal/format.ts';

export function register(program: Command): void {
  program
    .command('stop')
    .summary('stop the active run; enqueued jobs are still processed')
    .description('Stops the active run: no more ticks fire. Enqueued jobs are still processed.')
    .option('--wait', 'wait until the last job is done, also of a run that is stopped already')
    .addHelpText(
      'after',
      '\nExample: stop, and check that no job was lost\n  npx drumline stop --wait && npx drumline verify',
    )
    .action(action(run));
}

async function run(call: Call, { wait = false }: { wait?: boolean }): Promise<void> {
  const { output, target, signal } = call;
  const deployment = await call.deployment();
  const stopped = await stop(deployment, signal, wait);
  const { runId } = stopped;
  if (!wait) {
    output.result(stopped, () => `The run ${runId} is stopped. Enqueued jobs are still processed.`);
    return;
  }
  output.say(`The run ${runId} is stopped. Processing the enqueued jobs.`);
  const { enqueued, processed, failed } = await drainRun(call, deployment, runId);
  output.result({ ...stopped, enqueued, processed, failed }, () =>
    [
      `Done: ${count(enqueued)} enqueued, ${count(processed)} processed, ${count(failed)} failed.`,
      `Check it: ${target.command('verify')}`,
    ].join('\n'),
  );
}

/**
 * Stops the active run. With `wait`, the last run will do if it is stopped already: it may still be draining, and a
 * command that was interrupted while it waited can be repeated.
 * @throws CommandError `no_active_run`
 */
async function stop(
  deployment: Deployment,
  signal: AbortSignal,
  wait: boolean,
): Promise<Omit<ControlAnswer, 'replaced'>> {
  try {
    return await control(deployment, signal, { action: 'stop' });
  } catch (error) {
    if (!wait || !(error instanceof CommandError) || error.code !== 'no_active_run') throw error;
    const { runId, x, y, cron, timezone, pace } = await readStatus(deployment, signal);
    if (runId === null) throw error;
    return {
      ...{ runId, x, y, pace, running: false, nextTickAt: null },
      ...(cron !== undefined && { cron }),
      ...(timezone !== undefined && { timezone }),
    };
  }
}
