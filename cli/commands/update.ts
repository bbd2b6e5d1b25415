import type { Command } from 'commander';
import type { Pace } from '../../functions/core/model/schedule.ts';
import { action, type Call } from '../cloud/call.ts';
import { control } from '../cloud/invoke.ts';
import { scheduleText } from '../runs/run-report.ts';
import { UsageError } from '../terminal/errors.ts';
import { jobsPerTick, minutesBetweenTicks, paceOption } from '../terminal/options.ts';

export function register(program: Command): void {
  program
    .command('update')
    .summary('change X, Y or the pace of the active run')
    .description('Changes X, Y or the pace of the active run, from the next tick on.')
    .option('--x <jobs>', 'jobs per tick', jobsPerTick)
    .option('--y <minutes>', 'minutes between ticks', minutesBetweenTicks)
    .addOption(paceOption())
    .addHelpText('after', '\nExample:\n  npx drumline update --x 2000')
    .action(action(run));
}

async function run(
  { output, target, signal, deployment }: Call,
  { x, y, pace }: { x?: number; y?: number; pace?: Pace },
): Promise<void> {
  if (x === undefined && y === undefined && pace === undefined) {
    throw new UsageError(
      'An update changes --x, --y or --pace; give at least one.',
      target.command('update --x 2000'),
    );
  }
  const updated = await control(await deployment(), signal, {
    action: 'update',
    ...(x !== undefined && { x }),
    ...(y !== undefined && { y }),
    ...(pace !== undefined && { pace }),
  });
  output.result(updated, () => `From the next tick on, run ${updated.runId} has ${scheduleText(updated)}.`);
}
