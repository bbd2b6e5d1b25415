import type { Command } from 'commander';
import { sizingOf } from '../../plan/packing.ts';
import { planOf } from '../../plan/plan.ts';
import { action, type Call } from '../cloud/call.ts';
import { effectiveSettings, readAssignments } from '../cloud/settings.ts';
import { planText } from '../runs/plan-report.ts';
import { warningsOf } from '../runs/plan-warnings.ts';
import {
  concurrencyOption,
  contextOption,
  int,
  jobsPerTick,
  minutesBetweenTicks,
} from '../terminal/options.ts';

interface Options {
  x: number;
  y: number;
  workMs?: number;
  concurrency?: number;
  context?: string[];
}

export function register(program: Command): void {
  program
    .command('plan')
    .summary('calculate what X jobs every Y minutes need and cost')
    .description(
      'Calculates how many workers a workload needs, how long a tick takes, what a month costs on AWS, and how close it ' +
        'comes to the limits of AWS. It uses a model and the settings in cdk.json, and contacts no cloud.',
    )
    .requiredOption('--x <jobs>', 'jobs per tick', jobsPerTick)
    .requiredOption('--y <minutes>', 'minutes between ticks', minutesBetweenTicks)
    .option(
      '--work-ms <ms>',
      'time that a job waits, in milliseconds (default: the setting workMs)',
      int(0, 900_000),
    )
    .addOption(concurrencyOption())
    .addOption(contextOption())
    .addHelpText(
      'after',
      `
The model assumes that jobs wait. Jobs that compute compete for the CPU of their worker, and take longer.

Examples:
  npx drumline plan --x 100000 --y 5 --work-ms 100
  npx drumline plan --x 1000000 --y 60 --work-ms 100 --concurrency 200 -c jobsPerMessage=25`,
    )
    .action(action(run));
}

async function run({ output }: Call, { x, y, workMs, concurrency, context }: Options): Promise<void> {
  const settings = effectiveSettings({
    ...readAssignments(context ?? []),
    ...(concurrency !== undefined && { concurrency: String(concurrency) }),
  });
  const plan = planOf({ x, y, workMs: workMs ?? settings.workMs }, sizingOf(settings));
  const warnings = warningsOf(plan);
  // In the JSON document a warning's message is called `says`.
  const document = {
    ...plan,
    warnings: warnings.map(({ setting, message }) => ({ setting, says: message })),
  };
  output.result(document, () => planText(plan, warnings, output.colors));
}
