import { Argument, type Command } from 'commander';
import { DRAIN_WITHIN_SECONDS, type ScalingRule } from '../../functions/core/model/scaling.ts';
import { action, type Call } from '../cloud/call.ts';
import { readStatus } from '../cloud/invoke.ts';
import { scale } from '../cloud/scale.ts';
import { scaledText } from '../runs/scaling-text.ts';
import { ruleText } from '../terminal/format.ts';
import { int, scalingRule } from '../terminal/options.ts';

export function register(program: Command): void {
  program
    .command('scale')
    .summary('change the number of concurrent workers, or have it scale itself')
    .description(
      'Sets the maximum number of concurrent workers, or a minimum and a maximum between which Drumline scales itself. ' +
        'It takes effect within seconds, also during a run. Later deploys keep it, unless they change the setting ' +
        'autoscale.',
    )
    .addArgument(
      new Argument('<workers>', 'a number such as 4, or a minimum and a maximum such as 1:20').argParser(
        scalingRule,
      ),
    )
    .option(
      '--drain-within <seconds>',
      'time in which the jobs of a tick should be done (default: half of the time between two ticks)',
      int(DRAIN_WITHIN_SECONDS.min, DRAIN_WITHIN_SECONDS.max),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  npx drumline scale 8 && npx drumline status --watch\n  npx drumline scale 1:20',
    )
    .action(action(run));
}

async function run(
  { output, step, signal, deployment: read }: Call,
  { drainWithin }: { drainWithin?: number },
  workers: ScalingRule,
): Promise<void> {
  const deployment = await read();
  const rule = { ...workers, ...(drainWithin !== undefined && { drainWithinSeconds: drainWithin }) };
  const before = await readStatus(deployment, signal);
  const after = await step(`Scaling to ${ruleText(rule)}`, () => scale(deployment, signal, rule));
  const document = {
    rule: after.scaling.rule,
    before: before.concurrency ?? null,
    after: after.concurrency ?? null,
    reason: after.scaling.decision?.reason ?? null,
  };
  output.result(document, () => scaledText(rule, before.concurrency, after));
}
