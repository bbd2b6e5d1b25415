import { PurgeQueueCommand } from '@aws-sdk/client-sqs';
import type { Command } from 'commander';
import { readDepth } from '../../functions/core/queue/queue.ts';
import { count, counted, localTime, printable } from '../../text/format.ts';
import { action, type Call } from '../cloud/call.ts';
import {
  isMalformed,
  type ReceivedDeadLetter,
  type RetryResult,
  receiveDeadLetters,
  releaseDeadLetters,
  retryDeadLetters,
} from '../cloud/dead-letters.ts';
import { isConfirmed } from '../terminal/confirm.ts';
import { CommandError, UsageError } from '../terminal/errors.ts';
import { int } from '../terminal/options.ts';
import { type Align, table } from '../terminal/table.ts';

export function register(program: Command): void {
  const letters = program
    .command('dead-letters')
    .summary('list, retry or delete jobs that were given up')
    .description(
      'Manages the jobs that were given up: lists them with the reason, sends them again, or deletes them.',
    )
    .helpCommand(false);
  letters
    .command('list')
    .summary('list them, with reason and attempts')
    .description('Lists the dead letters. They stay where they are.')
    .addHelpText('after', '\nExample:\n  npx drumline dead-letters list')
    .action(action(listLetters));
  letters
    .command('retry')
    .summary('send them to the jobs queue again')
    .description(
      'Sends dead letters to the jobs queue again. Their attempts start from zero. A job that now succeeds moves from ' +
        'failed to processed.',
    )
    .argument('[jobs...]', 'the IDs of the jobs', (text: string, before: number[] = []) => [
      ...before,
      int(1, Number.MAX_SAFE_INTEGER)(text),
    ])
    .option('--all', 'all dead letters except malformed ones, which contain no readable job')
    .option('--malformed', 'with --all: also malformed ones')
    .addHelpText(
      'after',
      '\nExamples:\n  npx drumline dead-letters retry 17 42\n  npx drumline dead-letters retry --all',
    )
    .action(action(retry));
  letters
    .command('purge')
    .summary('delete all of them')
    .description(
      'Deletes all dead letters. Their jobs stay counted as failed, and can no longer be sent again.',
    )
    .option('--yes', 'do not ask for confirmation')
    .addHelpText('after', '\nExample:\n  npx drumline dead-letters purge --yes')
    .action(action(purge));
}

async function listLetters(call: Call): Promise<void> {
  const { output, signal, target } = call;
  const deployment = await call.deployment();
  const letters = await receiveDeadLetters(deployment, signal);
  await releaseDeadLetters(deployment, letters);
  const document = letters.map(({ receiptHandle: _, ...letter }) => letter);
  output.result(document, () =>
    letters.length === 0
      ? 'There are no dead letters.'
      : `${letterTable(letters)}\n\nSend them again: ${target.command('dead-letters retry --all')}`,
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
  const letters = await receiveDeadLetters(deployment, signal);
  const wanted = all
    ? letters.filter((letter) => malformed || !isMalformed(letter))
    : letters.filter(({ jobId }) => jobId !== undefined && jobs.includes(jobId));
  const unknown = jobs.filter((job) => !wanted.some(({ jobId }) => jobId === job));
  if (unknown.length > 0) {
    await releaseDeadLetters(deployment, letters);
    throw new CommandError(
      'no_such_dead_letter',
      `There is no dead letter of ${unknown.length === 1 ? 'the job' : 'the jobs'} ${unknown.join(', ')}; nothing was sent.`,
      call.target.command('dead-letters list'),
    );
  }
  const resent = await retryDeadLetters(deployment, wanted, signal);
  const skipped = letters.filter((letter) => !wanted.includes(letter));
  await releaseDeadLetters(deployment, [...skipped, ...resent.unsent, ...resent.kept]);
  signal.throwIfAborted();
  const malformedLeft = all ? skipped.length : 0;
  const document = {
    sent: resent.sent.length,
    kept: resent.kept.length,
    unsent: resent.unsent.length,
    malformed: malformedLeft,
    ...(resent.reason !== undefined && { reason: resent.reason }),
  };
  output.result(document, () => resentText(resent, malformedLeft));
  return resent.unsent.length > 0 ? 1 : 0;
}

async function purge(call: Call, { yes = false }: { yes?: boolean }): Promise<number> {
  const { output, signal } = call;
  const { deadLetterQueueUrl: url, target } = await call.deployment();
  const { sqs } = target.clients;
  const { visible, inFlight, delayed } = await readDepth({ url, client: sqs });
  const letters = visible + inFlight + delayed;
  if (letters > 0) {
    const question = `Delete ${counted(letters, 'dead letter')}?`;
    if (!(await isConfirmed(call, question, yes))) {
      output.result({ purged: 0 }, () => 'Nothing was done.');
      return 1;
    }
    await sqs.send(new PurgeQueueCommand({ QueueUrl: url }), { abortSignal: signal });
  }
  output.result({ purged: letters }, () =>
    letters === 0 ? 'There are no dead letters.' : `${counted(letters, 'dead letter')} deleted.`,
  );
  return 0;
}

const ALIGNS: Align[] = ['right', 'left', 'right', 'left', 'left', 'left'];

function letterTable(letters: ReceivedDeadLetter[]): string {
  const rows = letters.map((letter) => [
    jobsIn(letter),
    letter.runId ?? '',
    // A message from the redrive policy has only its receive count, which includes receives by this command.
    letter.lastFailedAt ? count(letter.attempts) : '–',
    letter.firstFailedAt ? localTime(letter.firstFailedAt) : '',
    letter.lastFailedAt ? localTime(letter.lastFailedAt) : '',
    printable(letter.reason),
  ]);
  return table(['Job', 'Run', 'Attempts', 'First failed', 'Last failed', 'Reason'], rows, ALIGNS);
}

function jobsIn({ jobId, range }: ReceivedDeadLetter): string {
  if (jobId !== undefined) return String(jobId);
  return range ? `${range.first}–${range.last}` : '–';
}

function resentText({ sent, kept, unsent, reason }: RetryResult, malformed: number): string {
  const lines = [`${counted(sent.length + kept.length, 'dead letter')} sent again.`];
  if (kept.length > 0) lines.push(`${count(kept.length)} of them could not be deleted and are still listed.`);
  if (unsent.length > 0)
    lines.push(`${count(unsent.length)} could not be sent and stay where they are: ${reason}`);
  if (malformed > 0) {
    lines.push(
      `${count(malformed)} skipped, because they contain no readable job; --malformed sends them as well.`,
    );
  }
  return lines.join('\n');
}
