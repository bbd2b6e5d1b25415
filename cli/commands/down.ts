import type { Command } from 'commander';
import { down } from '../../local/cloud.ts';
import { action, type Call } from '../call.ts';
import { isConfirmed } from '../confirm.ts';
import { requireLocal } from './up.ts';

export function register(program: Command): void {
  program
    .command('down')
    .summary('stop the local cloud; its data is kept')
    .description(
      'Stops the local cloud. Its data is kept: the next "up" has the deployment, runs and results back.',
    )
    .option(
      '--wipe',
      'forget the data as well: deployment, runs, queues and results; installed software stays',
    )
    .option('--yes', 'don’t ask before wiping')
    .addHelpText(
      'after',
      '\nExample: begin from nothing\n  npx drumline down --wipe --yes && npx drumline up',
    )
    .action(action(run));
}

async function run(call: Call, options: { wipe?: boolean; yes?: boolean }): Promise<number> {
  requireLocal(call, 'down');
  const { output, target, step } = call;
  const wipe = options.wipe ?? false;
  if (wipe) {
    const question = `Forget all deployments, runs and results in ${target.home.root}?`;
    if (!(await isConfirmed(call, question, options.yes ?? false))) {
      output.result({ stopped: false, wiped: false }, () => 'Nothing was done.');
      return 1;
    }
  }
  const { stopped, lost } = await down(target.home, { wipe, step });
  if (lost) output.say(output.messageColors.yellow(lost));
  output.result({ stopped, wiped: wipe, ...(lost && { lost }) }, () => {
    const state = stopped ? 'The local cloud is stopped' : 'The local cloud was not running';
    return wipe ? `${state}, and its data is removed.` : `${state}. ${target.command('up')} starts it again.`;
  });
  return 0;
}
