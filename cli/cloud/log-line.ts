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
  ...['function_arn', 'function_memory_size', 'function_name', 'function_request_id', 'requestId'],
]);

const PLATFORM = /^(START|END|REPORT|INIT_START|INIT_REPORT|RESTORE_START|EXTENSION|XRAY TraceId)\b/;
/** The type of the platform's lines in the JSON log format, such as `platform.report`. */
const PLATFORM_TYPE = /^platform\.\w+$/;

/** The message of a line in CloudWatch's embedded metric format. */
const METRICS = 'metrics';

/** Parses a log event: a JSON object, or any text. @param at when CloudWatch received it, in milliseconds since 1970 */
export function readLogLine(name: FunctionName, at: number, text: string): LogLine {
  const received = { function: name, time: new Date(at).toISOString(), text: text.trimEnd() };
  const json = readObject(text);
  if (json && isPlatform(json)) return { ...received, ...platformLine(json) };
  if (json && typeof json._aws === 'object' && typeof json.message !== 'string') {
    const { _aws: _, ...fields } = json;
    return { ...received, message: METRICS, fields };
  }
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

/**
 * Whether a line comes from the Lambda platform and only says that an invocation took place: START, END, REPORT, and in
 * the JSON log format `platform.start`, `platform.report` and others. A failed invocation, such as one that ran out of
 * time, says more than that.
 */
export function isPlatformLine({ text, level, message }: LogLine): boolean {
  return level === undefined && (PLATFORM.test(text) || PLATFORM_TYPE.test(message));
}

/** Whether a line is for CloudWatch, which extracts metrics from it ("Specification: Embedded metric format"). */
export function isMetricLine({ message, text }: LogLine): boolean {
  return message === METRICS && text.includes('"_aws"');
}

/** A platform line in the JSON log format ("Lambda Telemetry API Event schema reference"). */
function isPlatform(json: Record<string, unknown>): json is { type: string; record: PlatformRecord } {
  const { type, record } = json;
  return (
    typeof type === 'string' && PLATFORM_TYPE.test(type) && typeof record === 'object' && record !== null
  );
}

interface PlatformRecord {
  /** `success`, `failure`, `error` or `timeout`. */
  status?: unknown;
  errorType?: unknown;
  metrics?: { durationMs?: unknown; maxMemoryUsedMB?: unknown };
}

function platformLine({
  type,
  record,
}: {
  type: string;
  record: PlatformRecord;
}): Pick<LogLine, 'level' | 'message' | 'fields'> {
  const { status, errorType, metrics: { durationMs, maxMemoryUsedMB } = {} } = record;
  const isFailure = type === 'platform.logsDropped' || (status !== undefined && status !== 'success');
  const fields = { status, errorType, durationMs, maxMemoryUsedMB };
  return {
    ...(isFailure && { level: 'WARN' }),
    message: type,
    fields: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
  };
}

/**
 * `22:54:21 INFO  consumer  batch worker=worker-bpjkx524 tick=1 processed=100 batchMs=218`, always on one line. The function
 * and the worker have the worker's colour.
 */
export function renderLogLine(line: LogLine, colors: Colors): string {
  const { dim, red, yellow } = colors;
  const { worker } = line.fields;
  const ofWorker = workerColor(typeof worker === 'string' ? worker : undefined, colors);
  const level = line.level ?? '';
  const paint = level === 'ERROR' || level === 'CRITICAL' ? red : level === 'WARN' ? yellow : dim;
  const fields = Object.entries(line.fields).map(([name, value]) => {
    const text = printable(formatValue(value));
    return `${dim(`${printable(name)}=`)}${name === 'worker' ? ofWorker(text) : text}`;
  });
  return [
    dim(localTime(line.time)),
    paint(printable(level).padEnd(5)),
    ofWorker(line.function.padEnd(9)),
    printable(line.message),
    ...fields,
  ].join(' ');
}

/** The colours of workers: not those of levels, and not that of the functions without workers. */
const WORKER_COLORS = [
  'green',
  'magenta',
  'blue',
  'greenBright',
  'magentaBright',
  'blueBright',
  'cyanBright',
] as const satisfies (keyof Colors)[];

/** The colour of a worker, which is the same in every command; of a function without workers if there is none. */
function workerColor(worker: string | undefined, colors: Colors): (text: string) => string {
  if (worker === undefined) return colors.cyan;
  let hash = 0;
  for (const character of worker) hash = (hash * 31 + character.charCodeAt(0)) >>> 0;
  return colors[WORKER_COLORS[hash % WORKER_COLORS.length] ?? 'cyan'];
}

function isShown(name: string, value: unknown): boolean {
  if (HIDDEN_FIELDS.has(name)) return false;
  return !(name === 'cold_start' && value === false);
}

/** A field as text on one line, quoted if it would be ambiguous. */
export function formatValue(value: unknown): string {
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
