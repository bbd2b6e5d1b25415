import { localTime, printable } from '../terminal/format.ts';
import type { Colors } from '../terminal/output.ts';
import type { FunctionName } from './deployment.ts';

/** A line that a function or the Lambda platform has logged. */
export interface LogLine {
  function: FunctionName;
  /** ISO 8601: when the line was logged, or received if it contains no time. */
  time: string;
  level?: string;
  /** The message, or the whole line if Drumline's logger did not write it. */
  message: string;
  /** The line's other fields. */
  fields: Record<string, unknown>;
  /** The line as it was logged. */
  text: string;
}

/** Fields that are the same on every line of a function, or shown elsewhere in the line. */
const HIDDEN_FIELDS = new Set([
  // What makes the line a metric, and its dimension.
  ...['_aws', 'stage'],
  ...['level', 'message', 'timestamp', 'service', 'sampling_rate', 'xray_trace_id'],
  ...['function_arn', 'function_memory_size', 'function_name', 'function_request_id'],
]);

const PLATFORM = /^(START|END|REPORT|INIT_START|INIT_REPORT|RESTORE_START|EXTENSION|XRAY TraceId)\b/;

/** Parses a log event: a JSON object, or any text. @param at when CloudWatch received it, in milliseconds since 1970 */
export function readLogLine(name: FunctionName, at: number, text: string): LogLine {
  const received = { function: name, time: new Date(at).toISOString(), text: text.trimEnd() };
  const json = readObject(text);
  if (typeof json?.message !== 'string') return { ...received, message: received.text, fields: {} };
  const { level, message, timestamp } = json;
  const time = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  return {
    ...received,
    ...(!Number.isNaN(time) && { time: new Date(time).toISOString() }),
    ...(typeof level === 'string' && { level }),
    message,
    fields: Object.fromEntries(Object.entries(json).filter(([name, value]) => isShown(name, value))),
  };
}

/** Whether a line comes from the Lambda platform (START, END, REPORT). */
export function isPlatformLine({ text, level }: LogLine): boolean {
  return level === undefined && PLATFORM.test(text);
}

/** `22:54:21 INFO  consumer  batch worker=worker-bpjkx524 tick=1 processed=100 batchMs=218`, always on one line. */
export function renderLogLine(line: LogLine, { dim, red, yellow, cyan }: Colors): string {
  const level = line.level ?? '';
  const paint = level === 'ERROR' || level === 'CRITICAL' ? red : level === 'WARN' ? yellow : dim;
  const fields = Object.entries(line.fields).map(
    ([name, value]) => `${dim(`${printable(name)}=`)}${printable(formatValue(value))}`,
  );
  return [
    dim(localTime(line.time)),
    paint(printable(level).padEnd(5)),
    cyan(line.function.padEnd(9)),
    printable(line.message),
    ...fields,
  ].join(' ');
}

function isShown(name: string, value: unknown): boolean {
  if (HIDDEN_FIELDS.has(name)) return false;
  return !(name === 'cold_start' && value === false);
}

function formatValue(value: unknown): string {
  if (typeof value === 'string') return /[\s"=]/.test(value) ? JSON.stringify(value) : value;
  if (typeof value !== 'object' || value === null) return String(value);
  // An error as Powertools logs it. The stack is only in --json.
  if ('name' in value && 'message' in value) return JSON.stringify(`${value.name}: ${value.message}`);
  return JSON.stringify(value);
}

function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
