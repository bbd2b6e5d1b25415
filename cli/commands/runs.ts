import type { Command } from 'commander';
import { action, type Call } from '../cloud/call.ts';
import { type RunStatus, readRunsPage } from '../cloud/invoke.ts';
import { pendingOf } from '../runs/statistics.ts';
import { count, elapsed, localTime } from '../terminal/format.ts';
import { int } from '../terminal/options.ts';
import { type Align, table } from '../terminal/table.ts';

const HEADS = 'Run State Started Lasted X Y Ticks Enqueued Processed Failed Pending'.split(' ');
const ALIGNS: Align[] = HEADS.map((_, index) => (index < 3 ? 'left' : 'right'));

export function register(program: Command): void {
  program
    .command('runs')
    .summary('list the last runs')
    .description('Lists the last runs, newest first.')
    .option('--limit <n>', 'maximum number of runs', int(1, 100), 20)
    .addHelpText('after', '\nExample:\n  npx drumline runs --limit 5')
    .action(action(run));
}

async function run(
  { output, target, signal, deployment }: Call,
  { limit }: { limit: number },
): Promise<void> {
  const { runs } = await readRunsPage(await deployment(), signal, { size: limit });
  output.result(runs, () =>
    runs.length === 0
      ? `There has been no run yet. Start one: ${target.command('start --x 1000 --y 1')}`
      : table(HEADS, runs.map(row), ALIGNS),
  );
}

function row(run: RunStatus): string[] {
  const {
    runId,
    running,
    startedAt,
    stoppedAt,
    x,
    y,
    cron = '',
    firedTicks,
    enqueued,
    processed,
    failed,
  } = run;
  const end = stoppedAt === null ? Date.now() : Date.parse(stoppedAt);
  return [
    runId ?? '',
    running ? 'running' : 'stopped',
    startedAt ? localTime(startedAt) : '',
    startedAt ? elapsed(end - Date.parse(startedAt)) : '',
    x === 'all' ? 'all' : count(x),
    y === null ? cron : count(y),
    ...[firedTicks, enqueued, processed, failed, pendingOf(run)].map(count),
  ];
}
