import type { PurgeResult, RetryResult } from '../cloud/dead-letters.ts';
import { count, counted } from '../terminal/format.ts';

// The words of the command line and of the dashboard's page.

/** How far a retry is. @param about about how many dead letters it sends */
export function retryProgress({ sent, kept }: RetryResult, about: number): string {
  return `${count(sent + kept)} of about ${counted(about, 'dead letter')} sent again`;
}

/** How far a purge is. @param about about how many dead letters it deletes */
export function purgeProgress({ purged }: PurgeResult, about: number): string {
  return `${count(purged)} of about ${counted(about, 'dead letter')} deleted`;
}

/** What a purge has done, in words. */
export function purgeText({ purged, kept, newer, reason }: PurgeResult): string {
  const lines = [`${counted(purged, 'dead letter')} deleted.`];
  if (kept > 0) lines.push(`${count(kept)} could not be deleted and stay where they are.`);
  if (newer > 0) lines.push(`${counted(newer, 'dead letter')} came meanwhile and stay where they are.`);
  if (reason !== undefined)
    lines.push(`Searches still find them, because Elasticsearch has not deleted them: ${reason}`);
  return lines.join('\n');
}

/** What a retry has done, in words. @param malformedHint how to send malformed ones as well; empty for no hint */
export function retryText(
  { sent, kept, unsent, malformed, newer, missing = 0, reason }: RetryResult,
  malformedHint = '',
): string {
  const lines = [`${counted(sent + kept, 'dead letter')} sent again.`];
  if (kept > 0) lines.push(`${count(kept)} of them could not be deleted and are still listed.`);
  if (unsent > 0) lines.push(`${count(unsent)} could not be sent and stay where they are: ${reason}`);
  if (malformed > 0)
    lines.push(
      `${count(malformed)} skipped, because they contain no readable job${malformedHint && `; ${malformedHint}`}.`,
    );
  if (missing > 0)
    lines.push(
      `${counted(missing, 'job')} that match have no dead letter: they are being retried, or are done.`,
    );
  if (newer > 0)
    lines.push(
      `${counted(newer, 'dead letter')} came meanwhile, of jobs that have failed (again). Retry them when the cause is fixed.`,
    );
  return lines.join('\n');
}
