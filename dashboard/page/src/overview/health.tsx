import type { Warning } from '../../../protocol.ts';
import { useLive } from '../live/live.tsx';
import { shownHealth, staleText } from '../live/shown-health.ts';
import { StateIcon } from '../shell/state-icon.tsx';
import { WithCommands } from '../text/with-commands.tsx';

/** Whether all is well and, if not, what to do. */
export function HealthBand() {
  const live = useLive();
  const { state, sentence, action } = shownHealth(live);
  const stale = staleText(live);
  return (
    <section class={`health ${state}`}>
      <StateIcon state={state} />
      <div class="health-text" aria-live="polite">
        <h1>{sentence}</h1>
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

/** What needs attention. The gravest warning is in the first sentence already; the cards say what each means. */
export function Warnings({ warnings }: { warnings: Warning[] }) {
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
