import { counted, sentence } from '../../../../cli/terminal/format.ts';

/** What happens to dead letters. */
export type DeadLetterAction = 'retry' | 'purge';

/** The title of the question, and what will happen. @param about whether the number may have changed since it was read */
export function questionOf(
  action: DeadLetterAction,
  number: number,
  about = false,
): { title: string; text: string } {
  const letters = `${about ? 'about ' : ''}${counted(number, 'dead letter')}`;
  const verb = number === 1 ? 'is' : 'are';
  const their = number === 1 ? 'Its' : 'Their';
  if (action === 'retry')
    return {
      title: `Retry ${letters}?`,
      text: sentence(
        `${letters} ${verb} sent to the jobs queue again. ${their} attempts start from zero. A job that now succeeds moves from failed to processed.`,
      ),
    };
  const stay = number === 1 ? 'Its job stays' : 'Their jobs stay';
  return {
    title: `Purge ${letters}?`,
    text: sentence(`${letters} ${verb} deleted. ${stay} counted as failed and can no longer be retried.`),
  };
}
