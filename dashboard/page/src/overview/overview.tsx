import { Controls } from '../controls/controls.tsx';
import { useLive } from '../live/live.tsx';
import { count } from '../text/numbers.ts';
import { Lanes } from './lanes.tsx';

export function Overview() {
  const { view } = useLive();
  if (!view) return <p class="loading">Reading the status …</p>;
  const { health, status } = view;
  return (
    <>
      <section class={`health ${health.state}`} aria-live="polite">
        <h1>{health.sentence}</h1>
        {health.action && <p>{health.action}</p>}
      </section>
      {status && (
        <section class="tiles" aria-label="Jobs of the run">
          <Tile name="Enqueued" value={count(status.enqueued)} />
          <Tile name="Processed" value={count(status.processed)} />
          <Tile name="Failed" value={count(status.failed)} />
          <Tile name="Waiting" value={count(status.enqueued - status.processed - status.failed)} />
          <Tile name="Dead letters" value={count(status.queue.deadLetters)} />
        </section>
      )}
      <Lanes />
      <section class="card">
        <Controls />
      </section>
    </>
  );
}

function Tile({ name, value }: { name: string; value: string }) {
  return (
    <div class="tile">
      <div class="name">{name}</div>
      <div class="value">{value}</div>
    </div>
  );
}
