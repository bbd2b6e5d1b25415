import type { FunctionName } from '../cloud/deployment.ts';
import type { Colors } from './output.ts';
import { clock } from './times.ts';

/** One line that a function, or the platform around it, has logged. */
export interface LogLine {
  function: FunctionName;
  /** ISO 8601: when it was logged, or came in where the line does not say. */
  time: string;
  level?: string;
  /** The line's message, or the whole line where it is not one of ours. */
  message: string;
  /** What else the line says. */
  fields: Record<string, unknown>;
  /** As it was logged. */
  text: string;
}

/** The same on every line of a function, or told by the line in another way. */
const SAID_ELSEWHERE = new Set([
  ...['level', 'message', 'timestamp', 'service', 'sampling_rate', 'xray_trace_id'],
  ...['function_arn', 'function_memory_size', 'function_name', 'function_request_id'],
]);

const PLATFORM = /^(START|END|REPORT|INIT_START|INIT_REPORT|RESTORE_START|EXTENSION|XRAY TraceId)\b/;

/** Reads a log event: one JSON object a line, or anything else. */
export function readLogLine(name: FunctionName, at: number, text: string): LogLine {
  const arrived = { function: name, time: new Date(at).toISOString(), text: text.trimEnd() };
  const json = readObject(text);
  if (typeof json?.message !== 'string') return { ...arrived, message: arrived.text, fields: {} };
  const { level, message, timestamp } = json;
  const time = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  return {
    ...arrived,
    ...(!Number.isNaN(time) && { time: new Date(time).toISOString() }),
    ...(typeof level === 'string' && { level }),
    message,
    fields: Object.fromEntries(Object.entries(json).filter(([name, value]) => isTelling(name, value))),
  };
}

/** Whether a line is about the invocation (START, END, REPORT) rather than by the function. */
export function isPlatformLine({ text, level }: LogLine): boolean {
  return level === undefined && PLATFORM.test(text);
}

/** `22:54:21 INFO  consumer  batch  worker=worker-bpjkx524 tick=1 processed=100 ms=218`, on one line whatever is in it. */
export function renderLogLine(line: LogLine, { dim, red, yellow, cyan }: Colors): string {
  const level = line.level ?? '';
  const paint = level === 'ERROR' || level === 'CRITICAL' ? red : level === 'WARN' ? yellow : dim;
  const fields = Object.entries(line.fields).map(
    ([name, value]) => `${dim(`${printable(name)}=`)}${printable(shown(value))}`,
  );
  return [
    dim(clock(line.time)),
    paint(printable(level).padEnd(5)),
    cyan(line.function.padEnd(9)),
    printable(line.message),
    ...fields,
  ].join(' ');
}

/** Text without what a terminal would take for orders: control characters, line ends among them, show as spaces. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
}

function isTelling(name: string, value: unknown): boolean {
  if (SAID_ELSEWHERE.has(name)) return false;
  return !(name === 'cold_start' && value === false);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return /[\s"=]/.test(value) ? JSON.stringify(value) : value;
  if (typeof value !== 'object' || value === null) return String(value);
  // An error as Powertools writes it; its stack is in --json.
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
