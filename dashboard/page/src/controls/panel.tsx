import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { ProblemText } from '../parts/problem-text.tsx';

/** What every form of the controls receives. */
export interface PanelProps {
  onClose(): void;
  /** Says what was done. */
  onDone(text: string): void;
  /** Receives a refusal that comes after the form was closed. */
  onLateError(error: unknown): void;
}

interface PanelFrame {
  title: string;
  children: ComponentChildren;
  /** The text of the button: a verb. Without one, the panel sends nothing. */
  action?: string;
  isDangerous?: boolean;
  isBusy: boolean;
  error: unknown;
  /** More buttons, such as one that a refusal offers. */
  buttons?: ComponentChildren;
  /** The text of the button that closes the panel. */
  close?: string;
  onSubmit?(): void;
  onClose(): void;
}

/** A form below the buttons of the controls. Enter submits it, and Esc closes it. Nothing on the page is covered. */
export function Panel(props: PanelFrame) {
  const { title, children, action, isDangerous, isBusy, error, buttons, close = 'Cancel' } = props;
  const titleId = useId();
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => {
    const fields = 'input:not(:disabled, [type="radio"]:not(:checked)), select, .buttons button';
    form.current?.querySelector<HTMLElement>(fields)?.focus();
  }, []);
  return (
    <form
      ref={form}
      class="panel"
      aria-labelledby={titleId}
      onSubmit={(event) => {
        event.preventDefault();
        props.onSubmit?.();
      }}
      onKeyDown={({ key }) => {
        if (key === 'Escape') props.onClose();
      }}
    >
      <h2 id={titleId}>{title}</h2>
      {children}
      {error !== undefined && <ProblemText error={error} />}
      <div class="buttons">
        {action !== undefined && (
          // Not disabled while it works, because a disabled button loses the focus.
          <button type="submit" class={isDangerous ? 'primary danger' : 'primary'} aria-disabled={isBusy}>
            {action}
          </button>
        )}
        {buttons}
        <button type="button" onClick={props.onClose}>
          {close}
        </button>
      </div>
    </form>
  );
}
