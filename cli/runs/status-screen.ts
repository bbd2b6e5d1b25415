import { isFixed } from '../../functions/core/model/scaling.ts';
import type { Status } from '../../functions/status.ts';
import { ago, bar, count, counted, dueIn, localTime, percent, rate, ruleText } from '../terminal/format.ts';
import type { Colors } from '../terminal/output.ts';
import { type Align, table } from '../terminal/table.ts';
import { optionsNote, warningsOf } from './findings.ts';
import { changeText } from './scaling-text.ts';
import { nextTickText, scheduleText } from './schedule-text.ts';
import { pendingOf, sharesOf } from './statistics.ts';

/** How to show a status. */
export interface ScreenOptions {
  colors: Colors;
  /** Characters per line. */
  width: number;
  /** The options that commands need for the target and stage (`Target.options`). */
  options: string;
  /** Measured jobs per minute; null until it is known. */
  rate?: number | null;
}

/** The status as text. */
export function statusScreen(status: Status, options: ScreenOptions): string {
  const { colors } = options;
  if (status.runId === null) {
    return [
      'There has been no run yet.',
      '',
      ...queueLines(status, colors),
      ...warningLines(status, options),
    ].join('\n');
  }
  return [
    ...runLines(status, colors),
    ...jobLines(status, options),
    ...queueLines(status, colors),
    '',
    workerTable(status, options),
    ...warningLines(status, options),
  ].join('\n');
}

function runLines(status: Status, colors: Colors): string[] {
  const { green, dim } = colors;
  const { running, runId, startedAt, stoppedAt, firedTicks, missedTicks, nextTickAt } = status;
  const state = running ? green('running') : dim(`stopped${stoppedAt ? ` ${ago(stoppedAt)}` : ''}`);
  const started = startedAt ? dim(`  since ${localTime(startedAt)} (${ago(startedAt)})`) : '';
  const missed = missedTicks > 0 ? `, ${count(missedTicks)} missed` : '';
  const zoned = nextTickText(status);
  const next = nextTickAt && !zoned ? `, the next ${dueIn(nextTickAt)}` : '';
  return [
    label('Run', `${runId}  ${state}${started}`),
    label('Ticks', `${count(firedTicks)} fired${missed}${next}; ${scheduleText(status)}`),
    ...(zoned ? [label('Next', zoned)] : []),
    ...listLines(status, colors),
  ];
}

/** The pass of the list, and why the last tick was missed. */
function listLines({ pass, lastMiss }: Status, { yellow }: Colors): string[] {
  const lines: string[] = [];
  if (lastMiss)
    lines.push(label('Missed', `tick ${count(lastMiss.tick)}, ${ago(lastMiss.at)}: ${lastMiss.reason}`));
  if (!pass) return lines;
  const { number, state, items, taken, invalid, reason } = pass;
  const progress = {
    reading: `is being read, ${counted(items, 'item')} so far`,
    complete: `has ${counted(items, 'item')}, ${count(taken)} of them in ticks`,
    failed: `could not be read: ${reason}`,
  }[state];
  lines.push(label('List', `pass ${count(number)} ${progress}`));
  if (invalid.first)
    lines.push(
      label(
        '',
        yellow(
          `${counted(invalid.count, 'item')} cannot be used; the first has index ${count(invalid.first.index)}: ${invalid.first.problem}`,
        ),
      ),
    );
  return lines;
}

function jobLines(status: Status, { colors, width, rate: measured }: ScreenOptions): string[] {
  const { enqueued, processed, failed } = status;
  const done = enqueued > 0 ? (processed + failed) / enqueued : 0;
  const failures = failed > 0 ? colors.red(`${count(failed)} failed`) : '0 failed';
  const speed = measured === undefined ? '' : `  ${rate(measured)}`;
  const room = Math.max(10, Math.min(40, width - 10 - 9 - speed.length));
  return [
    label(
      'Jobs',
      `${count(enqueued)} enqueued, ${count(processed)} processed, ${failures}, ${count(pendingOf(status))} pending`,
    ),
    label('', `${colors.cyan(bar(done, room))} ${percent(done)}${speed}`),
  ];
}

function queueLines(status: Status, colors: Colors): string[] {
  const { queue, concurrency, scaling } = status;
  const { yellow, dim } = colors;
  const deadLetters = counted(queue.deadLetters, 'dead letter');
  return [
    label(
      'Queue',
      `${counted(queue.visible, 'message')} waiting, ${count(queue.inFlight)} in flight, ${count(queue.delayed)} delayed, ${
        queue.deadLetters > 0 ? yellow(deadLetters) : deadLetters
      }`,
    ),
    label('Workers', `${workersText(concurrency, dim)}${ruleNote(scaling)}`),
    ...decisionLines(scaling, colors),
  ];
}

function workersText(concurrency: Status['concurrency'], dim: Colors['dim']): string {
  if (concurrency === undefined) return 'unknown: Lambda does not answer';
  return concurrency === null
    ? 'as many as AWS allows'
    : `up to ${count(concurrency)} ${dim('concurrently')}`;
}

/** What the rule says, if it is not a fixed number. */
function ruleNote({ rule, state }: Status['scaling']): string {
  const changing = state === 'changing' ? ', changing' : '';
  if (!rule || isFixed(rule)) return changing;
  const { drainWithinSeconds: seconds } = rule;
  const within = seconds === undefined ? '' : `, to drain within ${counted(seconds, 'second')}`;
  return `; autoscaling from ${ruleText(rule)}${within}${changing}`;
}

/** Why there are so many workers, and why a change was refused. */
function decisionLines({ rule, decision, change }: Status['scaling'], { yellow }: Colors): string[] {
  if (!decision) return [];
  const lines: string[] = [];
  if (decision.problem !== undefined)
    lines.push(label('', yellow(`not scaled to ${count(decision.to ?? 0)}: ${decision.problem}`)));
  if (!rule || isFixed(rule)) return lines;
  lines.push(label('', `${ago(decision.at)}: ${decision.reason}`));
  if (change && change.at !== decision.at)
    lines.push(
      label('', `last change ${ago(change.at)}: ${changeText(change.from, change.to)}. ${change.reason}`),
    );
  return lines;
}

const ALIGNS: Align[] = ['left', 'right', 'right', 'left'];

function workerTable(status: Status, { colors }: ScreenOptions): string {
  const { retiredWorkers: retired } = status;
  const byId = new Map(status.workers.map((worker) => [worker.id, worker]));
  const shares = sharesOf(status);
  if (shares.length === 0 && retired.count === 0)
    return colors.dim('No worker has processed a job of this run yet.');
  const rows = shares.map(({ id, processed, share }) => {
    const worker = byId.get(id);
    const seen = worker ? ago(worker.lastSeenAt) : '';
    return [id, count(processed), percent(share), seen];
  });
  if (retired.count > 0) rows.push([`${count(retired.count)} retired`, count(retired.processed), '', '']);
  const [head, ...body] = table(['Worker', 'Processed', 'Share', 'Last count'], rows, ALIGNS).split('\n');
  return [colors.dim(head ?? ''), ...body].join('\n');
}

function warningLines(status: Status, { colors: { yellow }, options }: ScreenOptions): string[] {
  const warnings = warningsOf(status);
  if (warnings.length === 0) return [];
  return [
    ...warnings.flatMap(({ title, found, action }) => ['', yellow(`! ${title}: ${found}.`), `  ${action}`]),
    ...optionsNote(options).map((note) => `  ${note}`),
  ];
}

function label(name: string, text: string): string {
  return `${name.padEnd(9)} ${text}`;
}
