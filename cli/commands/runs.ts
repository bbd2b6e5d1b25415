import { Argument, type Command } from 'commander';
import type { TickStatus } from '../../functions/core/schedule/tick-status.ts';
import { totalDollars } from '../../plan/prices.ts';
import { costOfRun } from '../../plan/run-cost.ts';
import { action, type Call } from '../cloud/call.ts';
import { type RunStatus, readRunsPage, readStatus, readTicks } from '../cloud/invoke.ts';
import { readSizing } from '../cloud/sizing.ts';
import { runScreen } from '../runs/run-screen.ts';
import { pendingOf } from '../runs/statistics.ts';
import { count, elapsed, localTime } from '../terminal/format.ts';
import { int, runId } from '../terminal/options.ts';
import { type Align, table } from '../terminal/table.ts';

const HEADS = 'Run State Started Lasted X Y Ticks Enqueued Processed Failed Pending'.split(' ');
const ALIGNS: Align[] = HEADS.map((_, index) => (index < 3 ? 'left' : 'right'));

/** Sizes of the pages that are read. */
const PAGE_RUNS = 100;
const PAGE_TICKS = 500;

export function register(program: Command): void {
  program
    .command('runs')
    .summary('list the last runs, or the ticks of one run')
    .description(
      'Lists the last runs, newest first. With the ID of a run: shows the run, what it has cost on AWS so far, and its ' +
        'ticks, newest first.',
    )
    .addArgument(new Argument('[run]', 'ID of a run').argParser(runId))
    .option('--limit <n>', 'maximum number of runs or ticks', int(1, 100_000), 20)
    .addHelpText(
      'after',
      `
The cost is calculated from the number of jobs, as "drumline plan" does. It is not a bill.

Examples:
  npx drumline runs --limit 5
  npx drumline runs 20261123-214512-k3f9`,
    )
    .action(action(run));
}

async function run(call: Call, { limit }: { limit: number }, id: string | undefined): Promise<void> {
  if (id !== undefined) return showRun(call, id, limit);
  const { output, target, signal } = call;
  const deployment = await call.deployment();
  const { elements } = await readPages<RunStatus, string>(limit, PAGE_RUNS, async (page) => {
    const { runs, next } = await readRunsPage(deployment, signal, page);
    return { elements: runs, next };
  });
  output.result(elements, () =>
    elements.length === 0
      ? `There has been no run yet. Start one: ${target.command('start --x 1000 --y 1')}`
      : table(HEADS, elements.map(row), ALIGNS),
  );
}

async function showRun({ output, signal, deployment }: Call, id: string, limit: number): Promise<void> {
  const deployed = await deployment();
  const [status, sizing, { elements: ticks, next }] = await Promise.all([
    readStatus(deployed, signal, id),
    readSizing(deployed, signal),
    readPages<TickStatus, number>(limit, PAGE_TICKS, async (page) => {
      const { ticks, next } = await readTicks(deployed, signal, { runId: id, ...page });
      return { elements: ticks, next };
    }),
  ]);
  const jobMs = status.timing?.jobMs ?? deployed.workMs;
  const dollars = costOfRun({ run: status, sizing, jobMs, until: Date.now() });
  const cost = { dollars, total: totalDollars(dollars) };
  output.result({ ...status, ticks, ...(next !== undefined && { next }), cost }, () =>
    runScreen({ run: status, ticks, next, cost: cost.total }, output.colors),
  );
}

/** Reads pages until there are `limit` elements. @returns the elements, and where the next page begins if there is one */
async function readPages<Element, Position>(
  limit: number,
  pageSize: number,
  read: (page: {
    size: number;
    before?: Position;
  }) => Promise<{ elements: Element[]; next?: Position | undefined }>,
): Promise<{ elements: Element[]; next: Position | undefined }> {
  const elements: Element[] = [];
  let next: Position | undefined;
  do {
    const size = Math.min(pageSize, limit - elements.length);
    const page = await read({ size, ...(next !== undefined && { before: next }) });
    elements.push(...page.elements);
    next = page.next;
  } while (next !== undefined && elements.length < limit);
  return { elements, next };
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
