import { setTimeout } from 'node:timers/promises';
import type { Call } from '../cloud/call.ts';
import type { Deployment } from '../cloud/deployment.ts';
import { readStatus, type Status } from '../cloud/invoke.ts';
import { CommandError } from '../terminal/errors.ts';
import { bar, count, percent, rate } from '../terminal/format.ts';
import { pendingOf, RateMeter } from './statistics.ts';

const INTERVAL_MS = 500;

/** How often progress is printed where there is no live line: while jobs are done, and while none are. */
const PRINT_INTERVAL_MS = 5_000;
const IDLE_PRINT_INTERVAL_MS = 30_000;

/**
 * A run counts as stuck if jobs are pending and the queue is empty for this time. Within a minute, another scheduler takes
 * over from a dead one. SQS reports queue depths up to a minute late.
 */
const STUCK_AFTER_MS = 180_000;

/**
 * Follows a run and shows its progress until `isDone` returns true.
 * @param isDone gets each status
 * @param note text for the end of the progress line
 * @returns the last status
 * @throws CommandError `stuck` if jobs are pending, but the queue has been empty for `STUCK_AFTER_MS`
 */
export async function followRun(
  { output, signal, target }: Pick<Call, 'output' | 'signal' | 'target'>,
  deployment: Deployment,
  runId: string,
  isDone: (status: Status) => boolean,
  note: (status: Status) => string = () => '',
): Promise<Status> {
  const meter = new RateMeter();
  let line = 'Waiting for the first jobs …';
  let printed = { at: Date.now(), done: -1 };
  let progress = { at: Date.now(), done: -1 };
  const hide = output.show(() => line);
  try {
    for (;;) {
      const status = await readStatus(deployment, signal, runId);
      const done = status.processed + status.failed;
      line = progressLine(status, meter.sample(done), note(status));
      if (isDone(status)) return status;
      const interval = done === printed.done ? IDLE_PRINT_INTERVAL_MS : PRINT_INTERVAL_MS;
      if (!output.isLive && Date.now() - printed.at >= interval) {
        printed = { at: Date.now(), done };
        output.say(line);
      }
      if (done !== progress.done || !isQueueEmpty(status) || pendingOf(status) === 0)
        progress = { at: Date.now(), done };
      if (Date.now() - progress.at > STUCK_AFTER_MS) throw stuckError(status, target.command);
      await setTimeout(INTERVAL_MS, undefined, { signal });
    }
  } finally {
    hide();
  }
}

/** Follows a stopped run until its last job is done. */
export function drainRun(
  call: Pick<Call, 'output' | 'signal' | 'target'>,
  deployment: Deployment,
  runId: string,
  onStatus: (status: Status) => void = () => {},
): Promise<Status> {
  return followRun(call, deployment, runId, (status) => {
    onStatus(status);
    return !status.running && pendingOf(status) === 0;
  });
}

/** `███████░░░ 68.0 %  680 of 1,000 jobs processed, 3 failed, 5,120 jobs/min` */
export function progressLine(status: Status, jobsPerMinute: number | null, note = ''): string {
  const { enqueued, processed, failed } = status;
  const done = enqueued > 0 ? (processed + failed) / enqueued : 0;
  const words = [
    `${count(processed)} of ${count(enqueued)} jobs processed`,
    failed > 0 && `${count(failed)} failed`,
    jobsPerMinute !== null && rate(jobsPerMinute),
    note,
  ];
  return `${bar(done, 20)} ${percent(done)}  ${words.filter(Boolean).join(', ')}`;
}

function isQueueEmpty({ queue }: Status): boolean {
  return queue.visible + queue.inFlight + queue.delayed === 0;
}

function stuckError(status: Status, command: (words: string) => string): CommandError {
  return new CommandError(
    'stuck',
    `${count(pendingOf(status))} jobs of the run ${status.runId} are pending, but the queue has been empty for minutes.`,
    `Find out which (${command(`verify --run ${status.runId}`)}) and why (${command('logs consumer --since 1h')}).`,
  );
}
