import type { JobReport } from '../../functions/core/jobs/find-job.ts';
import { type LogLine, renderLogLine } from '../cloud/log-line.ts';
import { count, counted, localTime, printable, shortJson } from '../terminal/format.ts';
import type { Colors } from '../terminal/output.ts';

/** Maximum characters of an item or output on the screen. `--json` shows all of it. */
const MAX_JSON_CHARACTERS = 2_000;

/** Everything about a job as text. @param log undefined if it was not read */
export function jobScreen(job: JobReport, log: readonly LogLine[] | undefined, colors: Colors): string {
  const { jobId, runId, tick, index, message, dueAt, pass, problems = {} } = job;
  const position = `job ${count(index + 1)} of ${count(job.count)}`;
  const source = pass ? `  (item ${count(pass.position + 1)} of pass ${count(pass.pass)})` : '';
  return [
    label('Job', `${jobId}  ${stateText(job, colors)}`),
    label('Run', runId),
    label(
      'Tick',
      `${count(tick)}, due ${localTime(dueAt)}; ${position}, in the message of jobs ${message.first}–${message.last}`,
    ),
    label('Item', problems.item ?? `${json(job.item)}${colors.dim(source)}`),
    ...attemptLines(job),
    ...documentLines(job),
    ...logLines(log, colors),
  ].join('\n');
}

function stateText({ state }: JobReport, { green, yellow, red, dim }: Colors): string {
  const paint = { processed: green, dead: red, retrying: yellow };
  return (state in paint ? paint[state as keyof typeof paint] : dim)(state);
}

function attemptLines({ attempts, nextAttempt, state }: JobReport): string[] {
  if (!attempts) return [];
  const { failed, deaths, firstAt, lastAt, reason, permanent } = attempts;
  const times = firstAt === lastAt ? localTime(lastAt) : `from ${localTime(firstAt)} to ${localTime(lastAt)}`;
  const next = nextAttempt
    ? `between ${localTime(nextAttempt.from)} and ${localTime(nextAttempt.to)}`
    : 'none: it becomes a dead letter';
  return [
    label(
      'Failed',
      `${counted(failed, 'attempt')}${deaths > 0 ? `, ${counted(deaths, 'death')} of a worker` : ''}, ${times}`,
    ),
    label('Reason', `${printable(reason)}${permanent ? ' (permanent)' : ''}`),
    ...(state === 'retrying' ? [label('Next', next)] : []),
  ];
}

function documentLines({ document, problems = {}, state }: JobReport): string[] {
  if (problems.document !== undefined) return [label('Document', problems.document)];
  if (!document) return state === 'processed' ? [label('Document', 'none: it was deleted')] : [];
  const { processedAt, workerId, version } = document;
  return [
    label('Output', json(document.output)),
    label('Processed', `${localTime(processedAt)} by ${workerId}${version ? `, version ${version}` : ''}`),
  ];
}

function logLines(log: readonly LogLine[] | undefined, colors: Colors): string[] {
  if (!log) return [];
  if (log.length === 0) return ['', 'No log line names the job.'];
  return ['', ...log.map((line) => renderLogLine(line, colors))];
}

function json(value: unknown): string {
  return shortJson(value, MAX_JSON_CHARACTERS);
}

function label(name: string, text: string): string {
  return `${name.padEnd(11)}${text}`;
}
