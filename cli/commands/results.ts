import type { Command } from 'commander';
import type { ResultDocument } from '../../functions/core/results/documents.ts';
import { action, type Call, type GlobalOptions } from '../cloud/call.ts';
import { documentsOf, searchResults } from '../cloud/invoke.ts';
import { writeCsv } from '../terminal/csv.ts';
import { UsageError } from '../terminal/errors.ts';
import { count, counted, localTime, shortJson } from '../terminal/format.ts';
import { int, runOption } from '../terminal/options.ts';
import { type Align, table } from '../terminal/table.ts';

/** Maximum documents of the table, unless `--limit` is given. */
const TABLE_DOCUMENTS = 50;
const MAX_CELL_CHARACTERS = 60;
const ALIGNS: Align[] = ['right', 'left', 'right', 'left', 'left', 'left'];

interface Options extends GlobalOptions {
  query: string;
  run?: string;
  limit?: number;
  csv?: boolean;
}

export function register(program: Command): void {
  program
    .command('results')
    .summary('search the documents of the jobs')
    .description(
      'Searches the documents of processed jobs, with a query in Elasticsearch’s query string syntax. Elasticsearch ' +
        'finds a new document after its refresh interval (a second unless set otherwise).',
    )
    .option('--query <query>', 'what to find, for example output.label:churn', '*')
    .addOption(runOption('all runs'))
    .option(
      '--limit <n>',
      `maximum number of documents (default: ${TABLE_DOCUMENTS}; all with --csv or --json)`,
      int(1, Number.MAX_SAFE_INTEGER),
    )
    .option('--csv', 'print CSV with one column for each field; arrays as JSON')
    .addHelpText(
      'after',
      `
Examples:
  npx drumline results --query 'output.label:churn AND tick:3'
  npx drumline results --query 'output.score:[0.8 TO 1]' --csv > scores.csv
  npx drumline results --json | jq '.[].output'`,
    )
    .action(action(run));
}

async function run(call: Call, { query, run: runId, limit, csv, json }: Options): Promise<void> {
  const { output, signal } = call;
  if (csv && json) throw new UsageError('--csv and --json cannot be combined.', 'Omit one of them.');
  const all = limit ?? (csv || json ? Number.POSITIVE_INFINITY : TABLE_DOCUMENTS);
  const pages = searchResults(await call.deployment(), signal, { query, runId, limit: all });
  if (csv) return writeCsv(documentsOf(pages) as AsyncIterable<Record<string, unknown>>, process.stdout);
  if (json) return output.list(documentsOf(pages));
  let total = 0;
  const documents: ResultDocument[] = [];
  for await (const page of pages) {
    total = page.total;
    documents.push(...page.documents);
  }
  if (documents.length === 0) return output.print('No document matches.');
  output.print(documentTable(documents));
  output.print(
    documents.length < total
      ? `\n${count(documents.length)} of ${counted(total, 'document')}. --limit shows more, --csv and --json show all.`
      : `\n${counted(total, 'document')}.`,
  );
}

function documentTable(documents: readonly ResultDocument[]): string {
  const rows = documents.map(({ jobId, runId, tick, processedAt, item, output }) => [
    String(jobId),
    runId,
    count(tick),
    localTime(processedAt),
    shortJson(item, MAX_CELL_CHARACTERS),
    shortJson(output, MAX_CELL_CHARACTERS),
  ]);
  return table(['Job', 'Run', 'Tick', 'Processed', 'Item', 'Output'], rows, ALIGNS);
}
