import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ProblemText } from './problem-text.tsx';
import './parts.css';

interface DialogProps {
  title: string;
  children: ComponentChildren;
  /** Called when the user closes it, e.g. with Esc. */
  onClose(): void;
  /** Whether it cannot be closed now. */
  isBusy?: boolean;
}

/** A modal dialog. The browser keeps the focus in it, and gives the focus back when the dialog is closed. */
export function Dialog({ title, children, onClose, isBusy = false }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useLayoutEffect(() => {
    const dialog = element.current as HTMLDialogElement;
    dialog.showModal();
    return () => dialog.close();
  }, []);
  return (
    <dialog
      ref={element}
      class="dialog"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        if (!isBusy) onClose();
      }}
    >
      <h2 id={titleId}>{title}</h2>
      {children}
    </dialog>
  );
}

interface ConfirmDialogProps {
  title: string;
  /** What will happen. */
  children: ComponentChildren;
  /** The text of the button: a verb. */
  action: string;
  isDangerous?: boolean;
  /** Does it. @returns what was done, in words @throws ApiProblem */
  run(onProgress: (message: string) => void): Promise<string>;
  /** @param isDone whether something may have changed */
  onClose(isDone: boolean): void;
}

type Step = { name: 'asks' } | { name: 'runs'; progress: string } | { name: 'done'; text: string };

/** Asks before something is changed, shows the progress, and then what was done or why not. */
export function ConfirmDialog({ title, children, action, isDangerous, run, onClose }: ConfirmDialogProps) {
  const [step, setStep] = useState<Step>({ name: 'asks' });
  const [error, setError] = useState<unknown>();
  const isRunning = step.name === 'runs';
  const start = async () => {
    if (isRunning) return;
    setError(undefined);
    setStep({ name: 'runs', progress: '' });
    try {
      const text = await run((progress) => setStep({ name: 'runs', progress }));
      setStep({ name: 'done', text });
    } catch (problem) {
      setError(problem);
      setStep({ name: 'asks' });
    }
  };
  // The buttons are not disabled while it runs, because a disabled button loses the focus.
  const close = () => !isRunning && onClose(step.name === 'done' || error !== undefined);
  return (
    <Dialog title={title} isBusy={isRunning} onClose={close}>
      {step.name === 'done' ? <p class="outcome">{step.text}</p> : <div class="stack">{children}</div>}
      {error !== undefined && <ProblemText error={error} />}
      <p class="progress-text muted" aria-live="polite">
        {step.name === 'runs' ? step.progress || 'Working …' : ''}
      </p>
      <div class="buttons">
        {step.name === 'done' ? (
          <button type="button" class="primary" ref={(button) => button?.focus()} onClick={close}>
            Close
          </button>
        ) : (
          <>
            <button type="button" aria-disabled={isRunning} onClick={close}>
              Cancel
            </button>
            <button
              type="button"
              class={isDangerous ? 'primary danger' : 'primary'}
              aria-disabled={isRunning}
              onClick={() => void start()}
            >
              {action}
            </button>
          </>
        )}
      </div>
    </Dialog>
  );
}
