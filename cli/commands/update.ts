import type { Command } from 'commander';
import { action, type Call } from '../call.ts';
import { counted } from '../figures.ts';
import { control } from '../invoke.ts';
import { WrongUse } from '../trouble.ts';
import { X, Y } from './start.ts';

export function register(program: Command): void {
  program
    .command('update')
    .summary('change X or Y of the active run')
    .description('Changes X or Y, or both, of the active run; from its next tick on.')
    .option('--x <jobs>', 'jobs a tick', X)
    .option('--y <minutes>', 'minutes from tick to tick', Y)
    .addHelpText('after', '\nExample:\n  npx drumline update --x 2000')
    .action(action(run));
}

async function run(
  { output, target, signal, deployment }: Call,
  { x, y }: { x?: number; y?: number },
): Promise<void> {
  if (x === undefined && y === undefined) {
    throw new WrongUse(
      'An update changes --x or --y or both; give at least one.',
      target.command('update --x 2000'),
    );
  }
  const updated = await control(await deployment(), signal, {
    action: 'update',
    ...(x !== undefined && { x }),
    ...(y !== undefined && { y }),
  });
  output.result(updated, () => {
    const every = updated.y === 1 ? 'minute' : counted(updated.y, 'minute');
    return `From its next tick on, the run ${updated.runId} has ${counted(updated.x, 'job')} every ${every}.`;
  });
}
