import type { Command } from 'commander';
import { DEFAULT_BACKFILL_MINUTES, type Pace } from '../../functions/core/model/schedule.ts';
import { action, type Call } from '../cloud/call.ts';
import { control, type PeriodOptions } from '../cloud/invoke.ts';
import { nextTickText, scheduleText } from '../runs/schedule-text.ts';
import { UsageError } from '../terminal/errors.ts';
import { int, itemsPerTick, paceOption, periodOptions } from '../terminal/options.ts';

export function register(program: Command): void {
  const command = program
    .command('start')
    .summary('start a run: X jobs every Y minutes, or at the times of a cron expression')
    .description(
      'Starts a run: X jobs every Y minutes, starting immediately, or at the times of a cron expression, starting with ' +
        'its next time. Only one run can be active.',
    )
    .option(
      '--x <jobs>',
      'jobs per tick. With a list: the next <jobs> items each tick; without this option all items each tick',
      itemsPerTick,
    );
  for (const option of periodOptions()) command.addOption(option);
  command
    .addOption(paceOption().default('burst'))
    .option(
      '--backfill <minutes>',
      `fire ticks that are up to <minutes> late (default: ${DEFAULT_BACKFILL_MINUTES}; 0 and 1 count as 2)`,
      int(0, 10_080),
    )
    .option('--replace', 'stop the active run, if there is one')
    .addHelpText(
      'after',
      "\nExamples:\n  npx drumline start --x 1000 --y 1\n  npx drumline start --y 5          # all items of the job’s list, every 5 minutes\n  npx drumline start --x 1000 --cron '0 6 * * 1-5' --timezone Europe/Berlin",
    )
    .action(action(run));
}

interface StartOptions extends PeriodOptions {
  x?: number | 'all';
  pace: Pace;
  backfill?: number;
  replace?: boolean;
}

async function run(
  { output, target, signal, deployment }: Call,
  { x, y, cron, timezone, pace, backfill, replace }: StartOptions,
): Promise<void> {
  if (y === undefined && cron === undefined) {
    throw new UsageError('A start needs --y or --cron.', 'See npx drumline start --help');
  }
  const started = await control(await deployment(), signal, {
    ...{ action: 'start', pace },
    ...(x !== undefined && { x }),
    ...(y !== undefined && { y }),
    ...(cron !== undefined && { cron }),
    ...(timezone !== undefined && { timezone }),
    ...(backfill !== undefined && { backfillMinutes: backfill }),
    ...(replace && { replace }),
  });
  if (started.replaced) output.say(`The run ${started.replaced} is stopped.`);
  const next = nextTickText(started);
  output.result(started, () =>
    [
      `The run ${started.runId} is started: ${scheduleText(started)}.`,
      ...(next ? [`The first tick is due ${next}.`] : []),
      `Watch it: ${target.command('status --watch')}`,
    ].join('\n'),
  );
}
