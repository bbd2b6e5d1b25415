import type { TickStatus } from '../../functions/core/schedule/tick-status.ts';
import type { RunStatus } from '../../functions/status.ts';
import { count, counted, localTime } from '../terminal/format.ts';
import type { Colors } from '../terminal/output.ts';
import { type Align, table } from '../terminal/table.ts';
import { scheduleText } from './schedule-text.ts';
import { pendingOf } from './statistics.ts';
import { type MissedTicks, tickRows } from './tick-rows.ts';

/** A run with some of its ticks, the newest first, and what it has cost so far. */
export interface RunDetails {
  run: RunStatus;
  ticks: TickStatus[];
  /** Set if there are earlier ticks. */
  next?: number | undefined;
  /** In dollars. */
  cost: number;
}

const HEADS = ['Tick', 'Due', 'Jobs', 'First', 'Last', 'Enqueued', 'State'];
const ALIGNS: Align[] = ['right', 'left', 'right', 'right', 'right', 'right', 'left'];

/** The run and its ticks as text. */
export function runScreen({ run, ticks, next, cost }: RunDetails, { bold, dim, yellow }: Colors): string {
  const { runId, running, enqueued, processed, failed } = run;
  const rows = tickRows({ run, ticks, next }).map((row) => ('tick' in row ? rowOf(row) : missedRow(row)));
  const [head = '', ...lines] = table(HEADS, rows, ALIGNS).split('\n');
  return [
    bold(`Run ${runId}: ${scheduleText(run)}, ${running ? 'running' : 'stopped'}`),
    `${count(enqueued)} enqueued, ${count(processed)} processed, ${count(failed)} failed, ${count(pendingOf(run))} pending`,
    `${counted(run.firedTicks, 'tick')} fired, ${count(run.missedTicks)} missed`,
    `Cost: ${costText(cost)}`,
    ...(run.lastMiss ? [yellow(`The last tick was missed because ${run.lastMiss.reason}.`)] : []),
    ...(rows.length > 0 ? ['', dim(head), ...lines] : []),
    ...(next === undefined ? [] : ['', 'There are earlier ticks: set --limit.']),
  ].join('\n');
}

function rowOf({ tick, dueAt, count: jobs, firstJob, lastJob, enqueued, state }: TickStatus): string[] {
  return [count(tick), localTime(dueAt), ...[jobs, firstJob, lastJob, enqueued].map(count), state];
}

/** Ticks that were missed have numbers, and no more than that. */
function missedRow({ from, to }: MissedTicks): string[] {
  return [from === to ? count(from) : `${count(from)}–${count(to)}`, '', '', '', '', '', 'missed'];
}

/** `about 0.42 $ on AWS` */
export function costText(dollars: number): string {
  return dollars < 0.005 ? 'less than 0.01 $ on AWS' : `about ${dollars.toFixed(2)} $ on AWS`;
}
