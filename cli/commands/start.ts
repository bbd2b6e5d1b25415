import type { Command } from 'commander';
import type { Pace } from '../../functions/core/model/schedule.ts';
import { action, type Call } from '../cloud/call.ts';
import { control } from '../cloud/invoke.ts';
import { scheduleText } from '../runs/run-report.ts';
import { int, jobsPerTick, minutesBetweenTicks, paceOption } from '../terminal/options.ts';

export function register(program: Command): void {
  program
    .command('start')
    .summary('start a run: X jobs every Y minutes')
    .description('Starts a run: X jobs every Y minutes, starting immediately. Only one run can be active.')
    .requiredOption('--x <jobs>', 'jobs per tick', jobsPerTick)
    .requiredOption('--y <minutes>', 'minutes between ticks', minutesBetweenTicks)
    .addOption(paceOption().default('burst'))
    .option('--backfill <minutes>', 'also fire ticks that were missed in the last <minutes>', int(0, 10_080))
    .option('--replace', 'stop the active run, if there is one')
    .addHelpText('after', '\nExample:\n  npx drumline start --x 1000 --y 1\n  npx drumline status --watch')
    .action(action(run));
}

async function run(
  { output, target, signal, deployment }: Call,
  {
    x,
    y,
    pace,
    backfill,
    replace,
  }: { x: number; y: number; pace: Pace; backfill?: number; replace?: boolean },
): Promise<void> {
  const started = await control(await deployment(), signal, {
    ...{ action: 'start', x, y, pace },
    ...(backfill !== undefined && { backfillMinutes: backfill }),
    ...(replace && { replace }),
  });
  if (started.replaced) output.say(`The run ${started.replaced} is stopped.`);
  output.result(started, () =>
    [
      `The run ${started.runId} is started: ${scheduleText(started)}.`,
      `Watch it: ${target.command('status --watch')}`,
    ].join('\n'),
  );
}
