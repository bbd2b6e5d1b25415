import type { ComponentChildren } from 'preact';
import { pendingOf } from '../../../../cli/runs/statistics.ts';
import type { View } from '../../../protocol.ts';
import {
  count,
  counted,
  dayAndMinute,
  dollars,
  elapsed,
  percent,
  roughly,
  throughput,
} from '../text/numbers.ts';

/** The numbers of the run. */
export function Tiles({ view, now }: { view: View | undefined; now: number }) {
  const status = view?.status;
  if (!status)
    return (
      <section class="tiles skeleton" aria-hidden="true">
        {[
          'Throughput',
          'Done in about',
          'Waiting',
          'Enqueued',
          'Processed',
          'Failed',
          'Dead letters',
          'Cost so far',
        ].map((name) => (
          <Tile key={name} name={name} value="–" />
        ))}
      </section>
    );
  const { enqueued, processed, failed, oldestPendingAt, missedTicks } = status;
  const { jobsPerSecond, drainMs, cost } = view;
  const pending = pendingOf(status);
  const shareOf = (jobs: number) => (enqueued > 0 ? percent(jobs / enqueued) : undefined);
  return (
    <section class="tiles" aria-label="Jobs of the run">
      <Tile name="Throughput" value={rateText(jobsPerSecond)} note={perMinuteText(jobsPerSecond)} />
      <Tile
        name="Done in about"
        value={pending === 0 ? 'All done' : drainMs === null ? '–' : roughly(drainMs)}
        note={drainMs !== null && pending > 0 ? `at ${dayAndMinute(view.at + drainMs, now)}` : undefined}
      />
      <Tile
        name="Waiting"
        value={count(pending)}
        note={
          oldestPendingAt ? `oldest ${elapsed(Math.max(0, now - Date.parse(oldestPendingAt)))}` : undefined
        }
      />
      <Tile name="Enqueued" value={count(enqueued)} note={`in ${counted(status.firedTicks, 'tick')}`} />
      <Tile name="Processed" value={count(processed)} note={shareOf(processed)} />
      <Tile
        name="Failed"
        value={count(failed)}
        note={failed > 0 ? shareOf(failed) : undefined}
        kind={failed > 0 ? 'bad' : ''}
      />
      <Tile
        name="Dead letters"
        value={count(status.queue.deadLetters)}
        href="/jobs?in=dead-letters"
        note={status.queue.deadLetters > 0 ? 'search and retry' : 'none'}
        kind={status.queue.deadLetters > 0 ? 'bad' : ''}
      />
      {missedTicks > 0 && <Tile name="Missed ticks" value={count(missedTicks)} kind="warn" />}
      {cost && (
        <Tile
          name="Cost so far"
          value={dollars(cost.total)}
          note="about, on AWS"
          title={`What the run has cost so far at AWS’s prices: ${Object.entries(cost.services)
            .map(([service, amount]) => `${service} ${dollars(amount)}`)
            .join(', ')}.`}
        />
      )}
    </section>
  );
}

function rateText(jobsPerSecond: number | null): ComponentChildren {
  if (jobsPerSecond === null) return '–';
  const [rate, unit] = throughput(jobsPerSecond).split(' ');
  return (
    <>
      {rate} <small>{unit}</small>
    </>
  );
}

function perMinuteText(jobsPerSecond: number | null): string | undefined {
  return jobsPerSecond !== null && jobsPerSecond >= 1 ? `${count(jobsPerSecond * 60)} jobs/min` : undefined;
}

interface TileProps {
  name: string;
  value: ComponentChildren;
  note?: string | undefined;
  href?: string;
  title?: string;
  kind?: 'bad' | 'warn' | '';
}

function Tile({ name, value, note, href, title, kind = '' }: TileProps) {
  const content = (
    <>
      <div class="name">{name}</div>
      <div class="value">{value}</div>
      <div class="note">{note ?? '\u00a0'}</div>
    </>
  );
  return href ? (
    <a class={`tile ${kind}`} href={href} title={title}>
      {content}
    </a>
  ) : (
    <div class={`tile ${kind}`} title={title}>
      {content}
    </div>
  );
}
