import type { Call } from '../cloud/call.ts';
import type { Deployment } from '../cloud/deployment.ts';
import { readStatus, type Status } from '../cloud/invoke.ts';
import { CommandError } from '../terminal/errors.ts';
import { bar, count, percent, rate } from '../terminal/figures.ts';
import { pause } from '../terminal/interrupt.ts';
import { RateMeter } from './rate-meter.ts';
import { pendingOf } from './shares.ts';

const EVERY_MS = 500;

/** Where there is no live line, progress is told this often, and this often while there is none. */
const TELL_EVERY_MS = 5_000;
const TELL_IDLE_EVERY_MS = 30_000;

/**
 * When a run whose queues are empty is taken for stuck. A scheduler that died is carried on with by the next minute's,
 * and SQS's own figures lag by up to a minute.
 */
const STUCK_AFTER_MS = 180_000;

/**
 * Follows a run and shows how far it is, until it is as wanted.
 * @param until told each reading; true ends it
 * @param note more words for the progress line
 * @returns the reading that ended it
 * @throws Trouble `stuck` when jobs are on their way but no message is left that could bring them
 */
export async function follow(
  { output, signal, target }: Pick<Call, 'output' | 'signal' | 'target'>,
  deployment: Deployment,
  runId: string,
  until: (status: Status) => boolean,
  note: (status: Status) => string = () => '',
): Promise<Status> {
  const meter = new RateMeter();
  let line = 'Waiting for the first jobs …';
  let told = { at: Date.now(), done: -1 };
  let moved = { done: -1, at: Date.now() };
  const end = output.show(() => line);
  try {
    for (;;) {
      const status = await readStatus(deployment, signal, runId);
      const done = status.processed + status.failed;
      line = progressLine(status, meter.sample(done), note(status));
      if (until(status)) return status;
      const telling = done === told.done ? TELL_IDLE_EVERY_MS : TELL_EVERY_MS;
      if (!output.isLive && Date.now() - told.at >= telling) {
        told = { at: Date.now(), done };
        output.say(line);
      }
      if (done !== moved.done || !isEmpty(status) || pendingOf(status) === 0)
        moved = { done, at: Date.now() };
      if (Date.now() - moved.at > STUCK_AFTER_MS) throw stuck(status, target.command);
      await pause(EVERY_MS, signal);
    }
  } finally {
    end();
  }
}

/** Follows a run that is stopped until its last job is done. */
export function drain(
  call: Pick<Call, 'output' | 'signal' | 'target'>,
  deployment: Deployment,
  runId: string,
  onStatus: (status: Status) => void = () => {},
): Promise<Status> {
  return follow(call, deployment, runId, (status) => {
    onStatus(status);
    return !status.running && pendingOf(status) === 0;
  });
}

/** `███████░░░ 68.0 %  680 of 1,000 jobs, 0 failed, 5,120 jobs/min` */
export function progressLine(status: Status, jobsAMinute: number | null, note = ''): string {
  const { enqueued, processed, failed } = status;
  const done = enqueued > 0 ? (processed + failed) / enqueued : 0;
  const words = [
    `${count(processed)} of ${count(enqueued)} jobs processed`,
    failed > 0 && `${count(failed)} failed`,
    jobsAMinute !== null && rate(jobsAMinute),
    note,
  ];
  return `${bar(done, 20)} ${percent(done)}  ${words.filter(Boolean).join(', ')}`;
}

function isEmpty({ queue }: Status): boolean {
  return queue.visible + queue.inFlight + queue.delayed === 0;
}

function stuck(status: Status, command: (words: string) => string): CommandError {
  return new CommandError(
    'stuck',
    `${count(pendingOf(status))} jobs of the run ${status.runId} are not done, but the queue has been empty for minutes.`,
    `See which: ${command(`verify --run ${status.runId}`)}, and why: ${command('logs consumer --since 1h')}`,
  );
}
