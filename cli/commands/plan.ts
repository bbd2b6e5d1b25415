import type { Command } from 'commander';
import { MAX_WORKERS } from '../../plan/aws-limits.ts';
import { sizingOf } from '../../plan/packing.ts';
import { planOf } from '../../plan/plan.ts';
import { action, type Call } from '../cloud/call.ts';
import { effectiveSettings, readAssignments } from '../cloud/settings.ts';
import { planText } from '../runs/plan-report.ts';
import { collect, int } from '../terminal/options.ts';
import { X, Y } from './start.ts';

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
    .summary('what X jobs every Y minutes need and cost, before anything is deployed')
    .description(
      'Says how many workers a workload needs, how long a tick takes, what a month costs at AWS, and which of AWS’s ' +
        'limits it comes near to. Nothing is asked of any cloud: it is a model, with the settings as a deployment would have them.',
    )
    .requiredOption('--x <jobs>', 'jobs a tick', X)
    .requiredOption('--y <minutes>', 'minutes from tick to tick', Y)
    .option(
      '--work-ms <ms>',
      'how long a job takes, in milliseconds; the setting workMs unless given',
      int(0, 900_000),
    )
    .option('--concurrency <n>', 'workers at a time', int(1, MAX_WORKERS))
    .option('-c, --context <name=value>', 'any setting; may be given several times', collect)
    .addHelpText(
      'after',
      `
A job that takes --work-ms is one that waits for something; one that computes takes a worker’s CPU from the others.

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
