import { PurgeQueueCommand } from '@aws-sdk/client-sqs';
import type { Command } from 'commander';
import { readDepth } from '../../functions/core/queue/queue.ts';
import { action, type Call } from '../cloud/call.ts';
import type { ReceivedDeadLetter } from '../cloud/dead-letter-queue.ts';
import {
  listDeadLetters,
  type RetryResult,
  type RetrySelection,
  retryDeadLetters,
} from '../cloud/dead-letters.ts';
import type { Deployment } from '../cloud/deployment.ts';
import { isConfirmed } from '../terminal/confirm.ts';
import { UsageError } from '../terminal/errors.ts';
import { count, counted, localTime, printable, shortJson } from '../terminal/format.ts';
import { int } from '../terminal/options.ts';
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
    .description('Lists the dead letters without changing them.')
    .addHelpText('after', '\nExample:\n  npx drumline dead-letters list')
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
    .addHelpText(
      'after',
      '\nExamples:\n  npx drumline dead-letters retry 17 42\n  npx drumline dead-letters retry --all',
    )
    .action(action(retry));
  deadLetters
    .command('purge')
    .summary('delete all dead letters')
    .description('Deletes all dead letters. Their jobs stay counted as failed and can no longer be retried.')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText('after', '\nExample:\n  npx drumline dead-letters purge --yes')
    .action(action(purge));
}

async function list(call: Call): Promise<void> {
  const { output, signal, target } = call;
  const deployment = await call.deployment();
  const deadLetters = await listDeadLetters(deployment, signal);
  const document = deadLetters.map(({ receiptHandle: _, ...deadLetter }) => deadLetter);
  output.result(document, () =>
    deadLetters.length === 0
      ? 'There are no dead letters.'
      : `${deadLetterTable(deadLetters)}\n\nSend them again: ${target.command('dead-letters retry --all')}`,
  );
}

async function retry(
  call: Call,
  { all = false, malformed = false }: { all?: boolean; malformed?: boolean },
  jobs: number[] = [],
): Promise<number> {
  const { output, signal } = call;
  if (all === jobs.length > 0) {
    throw new UsageError('Give either job IDs or --all.', call.target.command('dead-letters list'));
  }
  if (malformed && !all) throw new UsageError('--malformed needs --all.', 'Add --all.');
  const deployment = await call.deployment();
  const selection = all ? { all, malformed } : { jobs };
  const result = await retryWithProgress(call, deployment, selection);
  if (signal.aborted) {
    output.say(`${counted(result.sent + result.kept, 'dead letter')} sent again. The others are unchanged.`);
    signal.throwIfAborted();
  }
  output.result(result, () => retryText(result));
  return result.unsent > 0 ? 1 : 0;
}

/** How often progress is printed where there is no live line. */
const PRINT_INTERVAL_MS = 5_000;

async function retryWithProgress(
  { output, signal }: Call,
  deployment: Deployment,
  selection: RetrySelection,
): Promise<RetryResult> {
  const { deadLetterQueueUrl: url, target } = deployment;
  const { visible } = await readDepth({ url, client: target.clients.sqs });
  let line = 'Reading the dead letters …';
  let printedAt = Date.now();
  const hide = output.show(() => line);
  try {
    return await retryDeadLetters(deployment, selection, signal, ({ sent, kept }) => {
      line = `${count(sent + kept)} of about ${counted(visible, 'dead letter')} sent again`;
      if (output.isLive || Date.now() - printedAt < PRINT_INTERVAL_MS) return;
      printedAt = Date.now();
      output.say(line);
    });
  } finally {
    hide();
  }
}

async function purge(call: Call, { yes = false }: { yes?: boolean }): Promise<number> {
  const { output, signal } = call;
  const { deadLetterQueueUrl: url, target } = await call.deployment();
  const { sqs } = target.clients;
  const { visible, inFlight, delayed } = await readDepth({ url, client: sqs });
  const deadLetters = visible + inFlight + delayed;
  if (deadLetters > 0) {
    const question = `Delete ${counted(deadLetters, 'dead letter')}?`;
    if (!(await isConfirmed(call, question, yes))) {
      output.result({ purged: 0 }, () => 'Nothing was changed.');
      return 1;
    }
    await sqs.send(new PurgeQueueCommand({ QueueUrl: url }), { abortSignal: signal });
  }
  output.result({ purged: deadLetters }, () =>
    deadLetters === 0 ? 'There are no dead letters.' : `${counted(deadLetters, 'dead letter')} deleted.`,
  );
  return 0;
}

/** Maximum characters of an item in the table. `--json` shows all of it. */
const MAX_ITEM_CHARACTERS = 60;

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
  return table(['Job', 'Run', 'Attempts', 'First failed', 'Last failed', 'Item', 'Reason'], rows, ALIGNS);
}

function jobsIn({ jobId, range }: ReceivedDeadLetter): string {
  if (jobId !== undefined) return String(jobId);
  return range ? `${range.first}–${range.last}` : '–';
}

function retryText({ sent, kept, unsent, malformed, newer, reason }: RetryResult): string {
  const lines = [`${counted(sent + kept, 'dead letter')} sent again.`];
  if (kept > 0) lines.push(`${count(kept)} of them could not be deleted and are still listed.`);
  if (unsent > 0) lines.push(`${count(unsent)} could not be sent and stay where they are: ${reason}`);
  if (malformed > 0)
    lines.push(
      `${count(malformed)} skipped, because they contain no readable job; --malformed sends them as well.`,
    );
  if (newer > 0)
    lines.push(
      `${counted(newer, 'dead letter')} came meanwhile, of jobs that have failed (again). Retry them when the cause is fixed.`,
    );
  return lines.join('\n');
}
