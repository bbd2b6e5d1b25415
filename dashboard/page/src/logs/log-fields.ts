import { formatValue } from '../../../../cli/cloud/log-line.ts';
import { printable } from '../../../../cli/terminal/format.ts';
import type { Line } from '../../../protocol.ts';
import { parametersOf } from './log-address.ts';

/** Longer values are cut. The whole line is shown when it is opened. */
const MAX_CHARACTERS = 160;

/** A field as it is shown: `jobId=4711` */
export interface Field {
  name: string;
  text: string;
  /** The view that shows what the value names. */
  href?: string;
}

/** The fields of a line, in the order in which they were logged. */
export function fieldsOf({ fields }: Pick<Line, 'fields'>): Field[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      const text = printable(formatValue(value) ?? '');
      const href = hrefOf(name, value);
      const short = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1)}…` : text;
      return { name, text: short, ...(href !== undefined && { href }) };
    });
}

/** The lines of one worker. */
export function workerHref(worker: string): string {
  return `/logs${parametersOf({ worker })}`;
}

function hrefOf(name: string, value: unknown): string | undefined {
  if (['jobId', 'firstJob', 'lastJob'].includes(name) && Number.isSafeInteger(value)) return `/jobs/${value}`;
  if (typeof value !== 'string' || value === '') return undefined;
  if (name === 'runId') return `/runs/${encodeURIComponent(value)}`;
  return name === 'workerId' ? workerHref(value) : undefined;
}

/** How a level is shown. Errors and warnings have a sign, so that they stand out without colour. */
export function kindOf(level: string | undefined): 'bad' | 'warn' | 'quiet' {
  if (level === 'ERROR' || level === 'CRITICAL' || level === 'FATAL') return 'bad';
  return level === 'WARN' ? 'warn' : 'quiet';
}

/** The line as JSON, as it was logged except for what is the same in every line. */
export function wholeOf({ id: _, time, level, message, worker, fields, ...line }: Line): object {
  return { time, ...(level && { level }), ...line, message, ...(worker && { worker }), ...fields };
}
