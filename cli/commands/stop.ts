import type { Command } from 'commander';
import { action, type Call } from '../cloud/call.ts';
import { control } from '../cloud/invoke.ts';
import { drainRun } from '../runs/follow-run.ts';
import { count } from '../terminal/format.ts';

export function register(program: Command): void {
  program
    .command('stop')
    .summary('stop the active run; enqueued jobs are still processed')
    .description('Stops the active run: no more ticks fire. Enqueued jobs are still processed.')
    .option('--wait', 'wait until the last job is done')
    .addHelpText(
      'after',
      '\nExample: stop, and check that no job was lost\n  npx drumline stop --wait && npx drumline verify',
    )
    .action(action(run));
}

async function run(call: Call, { wait }: { wait?: boolean }): Promise<void> {
  const { output, target, signal } = call;
  const deployment = await call.deployment();
  const stopped = await control(deployment, signal, { action: 'stop' });
  if (!wait) {
    output.result(stopped, () => `The run ${stopped.runId} is stopped. Enqueued jobs are still processed.`);
    return;
  }
  output.say(`The run ${stopped.runId} is stopped. Processing the enqueued jobs.`);
  const { enqueued, processed, failed } = await drainRun(call, deployment, stopped.runId);
  output.result({ ...stopped, enqueued, processed, failed }, () =>
    [
      `Done: ${count(enqueued)} enqueued, ${count(processed)} processed, ${count(failed)} failed.`,
      `Check it: ${target.command('verify')}`,
    ].join('\n'),
  );
}
