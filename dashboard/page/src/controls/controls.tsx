import { useRef, useState } from 'preact/hooks';
import { ErrorBoundary, lazy } from 'preact-iso';
import { useLive } from '../live/live.tsx';
import { ProblemText } from '../parts/problem-text.tsx';
import { useReadOnlyReason } from '../parts/read-only.ts';
import type { ControlName } from './panels.tsx';
import './controls.css';

// The forms are loaded when one is opened.
const PanelOf = lazy(() => import('./panels.tsx'));

const NAMES: ControlName[] = ['Start', 'Change', 'Stop', 'Scale', 'Verify'];
/** They need an active run. */
const OF_ACTIVE_RUN = new Set<ControlName>(['Change', 'Stop']);

/**
 * Starts, changes, stops, scales and verifies through the control and verify functions, whose refusals are shown in their
 * own words. One form is open at a time. A read-only page says why it is.
 */
export function Controls() {
  const { view } = useLive();
  const readOnly = useReadOnlyReason();
  const [opened, setOpened] = useState<ControlName>();
  const [done, setDone] = useState('');
  const [lateError, setLateError] = useState<unknown>();
  const buttons = useRef<HTMLDivElement>(null);
  const status = view?.status;
  if (!status) return null;

  const open = (name: ControlName) => {
    setDone('');
    setLateError(undefined);
    setOpened(opened === name ? undefined : name);
  };
  const close = () => {
    setOpened(undefined);
    buttons.current?.querySelector<HTMLElement>('[aria-expanded="true"]')?.focus();
  };
  return (
    <section class="controls" aria-label="Controls">
      <div class="control-buttons" ref={buttons}>
        {NAMES.map((name) => {
          const reason =
            readOnly ?? (OF_ACTIVE_RUN.has(name) && !status.running ? 'No run is active.' : undefined);
          return (
            <button
              key={name}
              type="button"
              class={name === 'Start' && !status.running ? 'primary' : undefined}
              disabled={reason !== undefined && opened !== name}
              title={readOnly === undefined ? reason : undefined}
              aria-expanded={opened === name}
              onClick={() => open(name)}
            >
              {name}
            </button>
          );
        })}
      </div>
      {readOnly && <p class="muted">{readOnly}</p>}
      {opened && (
        <ErrorBoundary>
          <PanelOf
            key={opened}
            name={opened}
            onClose={close}
            onDone={(text: string) => {
              setDone(text);
              if (opened !== 'Scale') close();
            }}
            onLateError={setLateError}
          />
        </ErrorBoundary>
      )}
      {lateError !== undefined && <ProblemText error={lateError} />}
      <p class="done" role="status">
        {done}
      </p>
    </section>
  );
}
