import type { Command } from 'commander';
import type { FoundDeadLetter } from '../../functions/core/jobs/find-dead-letters.ts';
import { action, type Call } from '../cloud/call.ts';
import type { ReceivedDeadLetter } from '../cloud/dead-letter-queue.ts';
import {
  countDeadLetters,
  listDeadLetters,
  purgeDeadLetters,
  type RetryResult,
  type RetrySelection,
  retryDeadLetters,
} from '../cloud/dead-letters.ts';
import type { Deployment } from '../cloud/deployment.ts';
import { type DocumentsSelection, documentsOf, searchAllDeadLetters } from '../cloud/invoke.ts';
import { purgeProgress, purgeText, retryProgress, retryText } from '../runs/dead-letter-text.ts';
import { isConfirmed } from '../terminal/confirm.ts';
import { UsageError } from '../terminal/errors.ts';
import { count, counted, localTime, printable, shortJson } from '../terminal/format.ts';
import { int, runOption } from '../terminal/options.ts';
import { type Align, table } from '../terminal/table.ts';

export function register(program: Command): void {
  const deadLetters = program
    .command('dead-letters')
    .summary('list, retry or delete jobs that Drumline has given up')
    .description(
      'Manages dead letters, the jobs that Drumline has given up: lists them with the reason, retries or deletes them.',
    )
    .helpCommand(false);
  deadLetters
    .command('list')
    .summary('list the dead letters with item, reason and attempts')
    .description(
      'Lists the dead letters without changing them. --query searches them by their content in Elasticsearch.',
    )
    .option('--query <query>', QUERY)
    .addOption(runOption('all runs; needs --query'))
    .addHelpText(
      'after',
      `
Examples:
  npx drumline dead-letters list
  npx drumline dead-letters list --query 'reason:timeout AND item.country:DE'`,
    )
    .action(action(list));
  deadLetters
    .command('retry')
    .summary('send dead letters to the jobs queue again')
    .description(
      'Sends dead letters to the jobs queue again. Their attempts start from zero. A job that now succeeds moves from ' +
        'failed to processed. Ctrl-C ends the retry at any time and loses nothing.',
    )
    .argument('[jobs...]', 'IDs of the jobs', (text: string, before: number[] = []) => [
      ...before,
      int(1, Number.MAX_SAFE_INTEGER)(text),
    ])
    .option('--all', 'all dead letters except malformed ones, which contain no readable job')
    .option('--malformed', 'with --all: malformed ones, too')
    .option('--query <query>', QUERY)
    .addOption(runOption('all runs; needs --query'))
    .addHelpText(
      'after',
      `
Examples:
  npx drumline dead-letters retry 17 42
  npx drumline dead-letters retry --all
  npx drumline dead-letters retry --query 'reason:timeout'`,
    )
    .action(action(retry));
  deadLetters
    .command('purge')
    .summary('delete dead letters, all or those that a search finds')
    .description('Deletes dead letters. Their jobs stay counted as failed and can no longer be retried.')
    .option('--query <query>', `${QUERY} (default: all dead letters)`)
    .addOption(runOption('all runs; needs --query'))
    .option('--yes', 'do not ask for confirmation')
    .addHelpText(
      'after',
      `
Examples:
  npx drumline dead-letters purge --yes
  npx drumline dead-letters purge --query 'item:4711'`,
    )
    .action(action(purge));
}

const QUERY = 'only those that match, in Elasticsearch’s query string syntax';

interface SearchOptions {
  query?: string;
  run?: string;
}

/** The search that the options ask for; undefined for none. @throws UsageError */
function selectionOf({ query, run: runId }: SearchOptions): DocumentsSelection | undefined {
  if (query !== undefined) return { query, runId };
  if (runId === undefined) return undefined;
  throw new UsageError('--run needs --query.', `Add --query '*' for all dead letters of the run.`);
}

async function list(call: Call, options: SearchOptions): Promise<void> {
  const { output, signal, target } = call;
  const search = selectionOf(options);
  const deployment = await call.deployment();
  if (search) return listFound(call, deployment, search);
  const deadLetters = await listDeadLetters(deployment, signal);
  const document = deadLetters.map(({ receiptHandle: _, ...deadLetter }) => deadLetter);
  output.result(document, () =>
    deadLetters.length === 0
      ? 'There are no dead letters.'
      : `${deadLetterTable(deadLetters)}\n\nSend them again: ${target.command('dead-letters retry --all')}`,
  );
}

/** Maximum dead letters of a search in the table. `--json` prints all. */
const TABLE_DOCUMENTS = 50;

async function listFound(
  { output, signal, target }: Call,
  deployment: Deployment,
  search: DocumentsSelection,
): Promise<void> {
  const limit = output.json ? Number.POSITIVE_INFINITY : TABLE_DOCUMENTS;
  const pages = searchAllDeadLetters(deployment, signal, { ...search, limit });
  if (output.json) return output.list(documentsOf(pages));
  let total = 0;
  const found: FoundDeadLetter[] = [];
  for await (const page of pages) {
    total = page.total;
    found.push(...page.documents);
  }
  if (total === 0) return output.print('No dead letter matches.');
  const shown = found.length < total ? `${count(found.length)} of ` : '';
  output.print(`${foundTable(found)}\n\n${shown}${counted(total, 'dead letter')}.`);
  output.print(`Send them again: ${target.command('dead-letters retry --query …')}`);
}

async function retry(
  call: Call,
  { all = false, malformed = false, ...options }: { all?: boolean; malformed?: boolean } & SearchOptions,
  jobs: number[] = [],
): Promise<number> {
  const { output, signal } = call;
  const search = selectionOf(options);
  if ([all, jobs.length > 0, search !== undefined].filter(Boolean).length !== 1)
    throw new UsageError('Give either job IDs, --query or --all.', call.target.command('dead-letters list'));
  if (malformed && !all) throw new UsageError('--malformed needs --all.', 'Add --all.');
  const deployment = await call.deployment();
  const selection = search ?? (all ? { all, malformed } : { jobs });
  const result = await retryWithProgress(call, deployment, selection);
  if (signal.aborted) {
    output.say(`${counted(result.sent + result.kept, 'dead letter')} sent again. The others are unchanged.`);
    signal.throwIfAborted();
  }
  output.result(result, () => retryText(result, '--malformed sends them as well'));
  return result.unsent > 0 ? 1 : 0;
}

/** How often progress is printed where there is no live line. */
const PRINT_INTERVAL_MS = 5_000;

async function retryWithProgress(
  call: Call,
  deployment: Deployment,
  selection: RetrySelection,
): Promise<RetryResult> {
  const { signal } = call;
  const about = await countDeadLetters(deployment, signal, selection);
  return withProgress(call, (onProgress) =>
    retryDeadLetters(deployment, selection, signal, (result) => onProgress(retryProgress(result, about))),
  );
}

/** Shows a line that changes while the work is done. */
async function withProgress<Result>(
  { output }: Call,
  work: (onProgress: (line: string) => void) => Promise<Result>,
): Promise<Result> {
  let shown = 'Reading the dead letters …';
  let printedAt = Date.now();
  const hide = output.show(() => shown);
  try {
    return await work((line) => {
      shown = line;
      if (output.isLive || Date.now() - printedAt < PRINT_INTERVAL_MS) return;
      printedAt = Date.now();
      output.say(line);
    });
  } finally {
    hide();
  }
}

async function purge(
  call: Call,
  { yes = false, ...options }: { yes?: boolean } & SearchOptions,
): Promise<number> {
  const { output, signal } = call;
  const selection = selectionOf(options) ?? ({ all: true, malformed: true } as const);
  const deployment = await call.deployment();
  const expected = await countDeadLetters(deployment, signal, selection);
  if (expected === 0) {
    output.result({ purged: 0 }, () =>
      'query' in selection ? 'No dead letter matches.' : 'There are no dead letters.',
    );
    return 0;
  }
  if (!(await isConfirmed(call, `Delete ${counted(expected, 'dead letter')}?`, yes))) {
    output.result({ purged: 0 }, () => 'Nothing was changed.');
    return 1;
  }
  const result = await withProgress(call, (onProgress) =>
    purgeDeadLetters(deployment, selection, signal, (purged) => onProgress(purgeProgress(purged, expected))),
  );
  if (signal.aborted) {
    output.say(`${counted(result.purged, 'dead letter')} deleted. The others are unchanged.`);
    signal.throwIfAborted();
  }
  output.result(result, () => purgeText(result));
  return result.kept > 0 ? 1 : 0;
}

/** Maximum characters of an item in the table. `--json` shows all of it. */
const MAX_ITEM_CHARACTERS = 60;

const HEADINGS = ['Job', 'Run', 'Attempts', 'First failed', 'Last failed', 'Item', 'Reason'];
const ALIGNS: Align[] = ['right', 'left', 'right', 'left', 'left', 'left', 'left'];

function deadLetterTable(deadLetters: ReceivedDeadLetter[]): string {
  const rows = deadLetters.map((deadLetter) => [
    jobsIn(deadLetter),
    deadLetter.runId ?? '',
    // A message from the redrive policy has only its receive count, which includes receives by this command.
    deadLetter.lastFailedAt ? count(deadLetter.attempts) : '–',
    deadLetter.firstFailedAt ? localTime(deadLetter.firstFailedAt) : '',
    deadLetter.lastFailedAt ? localTime(deadLetter.lastFailedAt) : '',
    'item' in deadLetter ? shortJson(deadLetter.item, MAX_ITEM_CHARACTERS) : '',
    printable(deadLetter.reason),
  ]);
  return table(HEADINGS, rows, ALIGNS);
}

function foundTable(found: readonly FoundDeadLetter[]): string {
  const rows = found.map(({ jobId, runId, attempts, firstFailedAt, lastFailedAt, item, reason, state }) => [
    String(jobId),
    runId,
    count(attempts),
    localTime(firstFailedAt),
    localTime(lastFailedAt),
    item === undefined ? '' : shortJson(item, MAX_ITEM_CHARACTERS),
    printable(reason),
    state,
  ]);
  return table([...HEADINGS, 'State'], rows, [...ALIGNS, 'left']);
}

function jobsIn({ jobId, range }: ReceivedDeadLetter): string {
  if (jobId !== undefined) return String(jobId);
  return range ? `${range.first}–${range.last}` : '–';
}
