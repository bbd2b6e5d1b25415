import { Argument, type Command } from 'commander';
import { MAX_WORKERS } from '../../plan/aws-limits.ts';
import { counted } from '../../text/format.ts';
import { action, type Call } from '../cloud/call.ts';
import { setConcurrency } from '../cloud/concurrency.ts';
import { int } from '../terminal/options.ts';

export function register(program: Command): void {
  program
    .command('scale')
    .summary('set the maximum number of concurrent workers, at once')
    .description(
      'Sets the maximum number of concurrent workers: the consumer’s reserved concurrency, and the event source mapping’s ' +
        'maximum. It takes effect within seconds, even during a run, and later deploys keep it.',
    )
    .addArgument(new Argument('<workers>', '1 to 1,000').argParser(int(1, MAX_WORKERS)))
    .addHelpText('after', '\nExample:\n  npx drumline scale 8 && npx drumline status --watch')
    .action(action(run));
}

async function run({ output, signal, deployment }: Call, _options: object, workers: number): Promise<void> {
  const { before, after } = await setConcurrency(await deployment(), workers, signal);
  output.result({ before, after }, () => {
    if (before.reserved === workers && before.mapping === after.mapping) {
      return `The maximum is ${counted(workers, 'worker')} already.`;
    }
    const was = before.reserved === null ? 'no limit' : counted(before.reserved, 'worker');
    return `${was} → ${counted(workers, 'worker')}.`;
  });
}
