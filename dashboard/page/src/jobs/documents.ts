/** What results and dead letters have in common. */
export interface JobDocument {
  jobId: number;
  runId: string;
  tick: number;
  item?: unknown;
  /** Of a result. */
  output?: unknown;
  /** Of a dead letter. */
  reason?: string;
  permanent?: boolean;
}

/** More columns would leave no room for their values. */
const MAX_COLUMNS = 4;

/**
 * The output's fields that get columns of their own: up to four whose values are texts, numbers or booleans. Empty if
 * the outputs are no objects, or have no such field.
 */
export function columnsOf(outputs: readonly unknown[]): string[] {
  if (!outputs.every(isObject)) return [];
  const names = new Set(outputs.flatMap((output) => Object.keys(output)));
  return [...names].filter((name) => outputs.every((output) => isScalar(output[name]))).slice(0, MAX_COLUMNS);
}

/** Queries that find something in these documents, for people who do not know the syntax. */
export function examplesOf(documents: readonly JobDocument[]): string[] {
  const [first] = documents;
  if (!first) return [];
  const reason = /\p{L}{4,}/u.exec(first.reason ?? '')?.[0];
  return [
    ...scalarQueries('output', first.output).slice(0, 2),
    ...(reason === undefined ? [] : [`reason:${reason}`]),
    ...scalarQueries('item', first.item).slice(0, 1),
    `tick:${first.tick}`,
    ...(first.permanent !== undefined ? ['permanent:true'] : []),
  ].slice(0, 4);
}

/** Queries for the fields of a value, or for the value: `output.label:churn`, `output:49`. */
function scalarQueries(field: string, value: unknown): string[] {
  if (!isObject(value)) return isShort(value) ? [`${field}:${quoted(value)}`] : [];
  return Object.entries(value).flatMap(([name, inner]) =>
    isShort(inner) && /^[\w-]+$/.test(name) ? [`${field}.${name}:${quoted(inner)}`] : [],
  );
}

/** Texts of letters and digits need no quotes. A minus sign would negate. */
function quoted(value: string | number | boolean): string {
  const text = String(value);
  return /^\w[\w.]*$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

function isShort(value: unknown): value is string | number | boolean {
  return (
    isScalar(value) && value !== null && value !== undefined && String(value).length <= 24 && value !== ''
  );
}

function isScalar(value: unknown): value is string | number | boolean | null | undefined {
  return value === null || value === undefined || typeof value !== 'object';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
