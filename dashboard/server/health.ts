import { pendingOf } from '../../cli/runs/statistics.ts';
import { counted } from '../../cli/terminal/format.ts';
import type { Status } from '../../functions/status.ts';
import type { Health, Problem, Warning } from '../protocol.ts';

/** Says in one sentence whether all is well and, if not, what to do. */
export function healthOf(
  status: Status | undefined,
  warnings: readonly Warning[],
  problem: Problem | undefined,
): Health {
  if (problem) return { state: 'broken', sentence: problem.message, action: problem.nextStep };
  if (!status) return { state: 'unknown', sentence: 'Reading the status …' };
  const [warning] = warnings;
  if (warning) return { state: 'attention', sentence: `${warning.title}.`, action: warning.action };
  const pending = pendingOf(status);
  if (status.running)
    return {
      state: 'healthy',
      sentence:
        pending === 0
          ? 'All is well. Every enqueued job is done.'
          : `All is well. ${counted(pending, 'job')} to do.`,
    };
  if (status.runId === null) return { state: 'idle', sentence: 'There has been no run yet.' };
  if (pending > 0)
    return {
      state: 'healthy',
      sentence: `The run is stopped. Its last ${counted(pending, 'job')} are being done.`,
    };
  return { state: 'idle', sentence: 'No run is active. Every enqueued job is done.' };
}
