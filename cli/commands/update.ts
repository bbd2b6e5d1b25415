import type { Command } from 'commander';
import type { Pace } from '../../functions/core/model/schedule.ts';
import { action, type Call } from '../cloud/call.ts';
import { control, type PeriodOptions } from '../cloud/invoke.ts';
import { nextTickText, scheduleText } from '../runs/schedule-text.ts';
import { UsageError } from '../terminal/errors.ts';
import { itemsPerTick, paceOption, periodOptions } from '../terminal/options.ts';

export function register(program: Command): void {
  const command = program
    .command('update')
    .summary('change X, the times or the pace of the active run')
    .description('Changes X, the times (--y or --cron) or the pace of the active run, from the next tick on.')
    .option('--x <jobs>', 'jobs per tick; “all” for all items of the list', itemsPerTick);
  for (const option of periodOptions()) command.addOption(option);
  command
    .addOption(paceOption())
    .addHelpText('after', '\nExample:\n  npx drumline update --x 2000')
    .action(action(run));
}

async function run(
  { output, target, signal, deployment }: Call,
  { x, y, cron, timezone, pace }: { x?: number | 'all'; pace?: Pace } & PeriodOptions,
): Promise<void> {
  if (x === undefined && y === undefined && cron === undefined && pace === undefined) {
    throw new UsageError(
      'An update changes --x, --y, --cron or --pace; give at least one.',
      target.command('update --x 2000'),
    );
  }
  const updated = await control(await deployment(), signal, {
    action: 'update',
    ...(x !== undefined && { x }),
    ...(y !== undefined && { y }),
    ...(cron !== undefined && { cron }),
    ...(timezone !== undefined && { timezone }),
    ...(pace !== undefined && { pace }),
  });
  const next = nextTickText(updated);
  output.result(updated, () =>
    [
      `From the next tick on, run ${updated.runId} has ${scheduleText(updated)}.`,
      ...(next ? [`The next tick is due ${next}.`] : []),
    ].join('\n'),
  );
}
