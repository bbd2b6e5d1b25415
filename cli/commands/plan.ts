import type { Command } from 'commander';
import { MAX_WORKERS } from '../../plan/aws-limits.ts';
import { sizingOf } from '../../plan/packing.ts';
import { planOf } from '../../plan/plan.ts';
import { action, type Call } from '../cloud/call.ts';
import { effectiveSettings, readAssignments } from '../cloud/settings.ts';
import { planText } from '../runs/plan-report.ts';
import { collect, int, jobsPerTick, minutesBetweenTicks } from '../terminal/options.ts';

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
      'Calculates how many workers a workload needs, how long a tick takes, what a month costs on AWS, and how near it ' +
        'comes to AWS’s limits. It uses a model and the settings of a deployment, and contacts no cloud.',
    )
    .requiredOption('--x <jobs>', 'jobs per tick', jobsPerTick)
    .requiredOption('--y <minutes>', 'minutes between ticks', minutesBetweenTicks)
    .option('--work-ms <ms>', 'time per job in milliseconds (default: the setting workMs)', int(0, 900_000))
    .option('--concurrency <n>', 'maximum number of concurrent workers', int(1, MAX_WORKERS))
    .option('-c, --context <name=value>', 'any setting; may be repeated', collect)
    .addHelpText(
      'after',
      `
The model assumes that a job waits for --work-ms. Jobs that compute instead compete for their worker’s CPU.

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
  // The JSON document's name for a warning's message is `says`.
  const warnings = plan.warnings.map(({ setting, message }) => ({ setting, says: message }));
  output.result({ ...plan, warnings }, () => planText(plan, output.colors));
}
