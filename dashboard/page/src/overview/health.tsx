import type { View } from '../../../protocol.ts';
import { useLive } from '../live/live.tsx';
import { shownHealth, staleText } from '../live/shown-health.ts';
import { StateIcon } from '../parts/state-icon.tsx';
import { WithCommands } from '../parts/with-commands.tsx';

/** Whether all is well and, if not, what to do. */
export function HealthBand() {
  const live = useLive();
  const { state, sentence, action } = shownHealth(live);
  const warning = live.view?.warnings.find(({ title }) => sentence.startsWith(title));
  const stale = staleText(live);
  return (
    <section class={`health ${state}`}>
      <StateIcon state={state} />
      <div class="health-text" aria-live="polite">
        <h1>{sentence}</h1>
        {warning && (
          <p>
            {!sentence.includes(warning.found) && `${warning.found}. `}
            {warning.meaning}
          </p>
        )}
        {action && (
          <p>
            <WithCommands text={action} />
          </p>
        )}
        {stale && <p class="muted">{stale}</p>}
      </div>
    </section>
  );
}

/** What else needs attention than the warning that the first sentence is about. */
export function Warnings({ view: { warnings: all, health } }: { view: View }) {
  const warnings = all.filter(({ title }) => !health.sentence.startsWith(title));
  if (warnings.length === 0) return null;
  return (
    <section class="warnings" aria-label="Warnings">
      {warnings.map(({ condition, title, found, meaning, action }) => (
        <article class="card warning" key={condition}>
          <h2>
            <StateIcon state="attention" />
            {title}
          </h2>
          <p>
            <strong>{found}.</strong> {meaning}
          </p>
          <p>
            <WithCommands text={action} />
          </p>
        </article>
      ))}
    </section>
  );
}
