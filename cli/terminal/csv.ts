import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Stringifier, stringify } from 'csv-stringify';

/**
 * Writes records as CSV with one column for each field of any record: a field within an object is named by its path, e.g.
 * `output.score`; an array is one cell, as JSON. The columns are known only after the last record, so the records go
 * through a temporary file and not through memory.
 * @param records plain JSON objects
 */
export async function writeCsv(
  records: AsyncIterable<Record<string, unknown>>,
  destination: NodeJS.WritableStream,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'drumline-csv-'));
  try {
    const file = join(folder, 'records');
    const columns = new Set<string>();
    const lines = async function* () {
      for await (const record of records) {
        const row = flattened(record);
        for (const name of Object.keys(row)) columns.add(name);
        yield `${JSON.stringify(row)}\n`;
      }
    };
    await pipeline(Readable.from(lines()), createWriteStream(file, { mode: 0o600 }));
    const rows = async function* () {
      for await (const line of createInterface({ input: createReadStream(file) })) yield JSON.parse(line);
    };
    // The key of a column would otherwise be read as a path.
    const names = [...columns];
    const cells = async function* () {
      for await (const row of rows()) yield names.map((name) => row[name]);
    };
    await pipeline(Readable.from(cells()), csv(names), destination, { end: false });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function csv(columns: string[]): Stringifier {
  return stringify({
    header: columns.length > 0,
    columns: columns.map((header, at) => ({ key: String(at), header: withoutFormula(header) })),
    cast: { string: withoutFormula, boolean: String },
  });
}

/**
 * A spreadsheet runs a text that looks like a formula, and jobs may store texts of strangers ("CSV Injection", OWASP). An
 * apostrophe marks it as text. Numbers are no formulas.
 */
function withoutFormula(text: string): string {
  return /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
}

/** The fields of an object by their paths. */
function flattened(value: Record<string, unknown>, prefix = ''): Record<string, unknown> {
  const cells = Object.entries(value).map(([name, field]) => {
    const path = `${prefix}${name}`;
    if (Array.isArray(field)) return { [path]: JSON.stringify(field) };
    return typeof field === 'object' && field !== null
      ? flattened(field as Record<string, unknown>, `${path}.`)
      : { [path]: field };
  });
  return Object.assign({}, ...cells);
}
