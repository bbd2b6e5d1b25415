import type { Command } from 'commander';
import { action, type Call } from '../cloud/call.ts';
import { requireManaged, stopCloud } from '../cloud/lifecycle.ts';
import { cloudName } from '../cloud/target.ts';
import { isConfirmed } from '../terminal/confirm.ts';

export function register(program: Command): void {
  program
    .command('down')
    .summary('stop the local cloud; its data is kept')
    .description(
      'Stops the local cloud. Deployment, runs and results are kept for the next "up". LocalStack (--target localstack) ' +
        'loses its data; only Elasticsearch keeps its documents.',
    )
    .option('--wipe', 'also delete deployment, runs, queues and results, but not the installed software')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText(
      'after',
      '\nExample: start with an empty local cloud\n  npx drumline down --wipe --yes && npx drumline up',
    )
    .action(action(run));
}

async function run(call: Call, options: { wipe?: boolean; yes?: boolean }): Promise<number> {
  requireManaged(call, 'down');
  const { output, target } = call;
  const wipe = options.wipe ?? false;
  if (wipe) {
    const where = target.name === 'local' ? target.home.root : 'LocalStack’s volumes';
    const question = `Delete all deployments, runs and results in ${where}?`;
    if (!(await isConfirmed(call, question, options.yes ?? false))) {
      output.result({ stopped: false, wiped: false }, () => 'Nothing was changed.');
      return 1;
    }
  }
  const { stopped, lost } = await stopCloud(call, wipe);
  if (lost) output.say(output.messageColors.yellow(lost));
  output.result({ stopped, wiped: wipe, ...(lost && { lost }) }, () => {
    const state = `${cloudName(target)} ${stopped ? 'is stopped' : 'was not running'}`;
    return wipe ? `${state}. Its data is deleted.` : `${state}. Start it: ${target.command('up')}`;
  });
  return 0;
}
