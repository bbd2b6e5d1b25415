import type { RetryResult } from '../cloud/dead-letters.ts';
import { count, counted } from '../terminal/format.ts';

/** What a retry has done, in words. @param malformedHint how to send malformed ones as well; empty for no hint */
export function retryText(
  { sent, kept, unsent, malformed, newer, reason }: RetryResult,
  malformedHint = '',
): string {
  const lines = [`${counted(sent + kept, 'dead letter')} sent again.`];
  if (kept > 0) lines.push(`${count(kept)} of them could not be deleted and are still listed.`);
  if (unsent > 0) lines.push(`${count(unsent)} could not be sent and stay where they are: ${reason}`);
  if (malformed > 0)
    lines.push(
      `${count(malformed)} skipped, because they contain no readable job${malformedHint && `; ${malformedHint}`}.`,
    );
  if (newer > 0)
    lines.push(
      `${counted(newer, 'dead letter')} came meanwhile, of jobs that have failed (again). Retry them when the cause is fixed.`,
    );
  return lines.join('\n');
}
