import { Argument, type Command } from 'commander';
import { MAX_WORKERS } from '../../plan/aws-limits.ts';
import { action, type Call } from '../cloud/call.ts';
import { setConcurrency } from '../cloud/concurrency.ts';
import { counted } from '../terminal/format.ts';
import { int } from '../terminal/options.ts';

export function register(program: Command): void {
  program
    .command('scale')
    .summary('change the maximum number of concurrent workers')
    .description(
      'Sets the maximum number of concurrent workers: the consumer’s reserved concurrency, and the event source mapping’s ' +
        'maximum. It takes effect within seconds, also during a run. Later deploys keep it.',
    )
    .addArgument(new Argument('<workers>', '1 to 1,000').argParser(int(1, MAX_WORKERS)))
    .addHelpText('after', '\nExample:\n  npx drumline scale 8 && npx drumline status --watch')
    .action(action(run));
}

async function run({ output, signal, deployment }: Call, _options: object, workers: number): Promise<void> {
  const { before, after } = await setConcurrency(await deployment(), workers, signal);
  output.result({ before, after }, () => {
    if (before.reserved === workers && before.mapping === after.mapping) {
      return `The maximum is already ${counted(workers, 'worker')}.`;
    }
    const was = before.reserved === null ? 'no limit' : counted(before.reserved, 'worker');
    return `${was} → ${counted(workers, 'worker')}.`;
  });
}
