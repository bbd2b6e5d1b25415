import { useEffect, useState } from 'preact/hooks';
import './parts.css';

/** How long the button says that it has copied, in milliseconds. */
const SAID_MS = 2_000;

interface CopyButtonProps {
  text: string;
  /** What is copied: `document` */
  name: string;
  /** Whether the name is seen. Otherwise only screen readers say it. */
  showName?: boolean;
}

/** Copies a text to the clipboard. */
export function CopyButton({ text, name, showName = false }: CopyButtonProps) {
  const [outcome, setOutcome] = useState<'Copied' | 'Not copied'>();
  useEffect(() => {
    if (!outcome) return;
    const timer = setTimeout(() => setOutcome(undefined), SAID_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setOutcome('Copied'),
      () => setOutcome('Not copied'),
    );
  return (
    <button type="button" class="quiet copy" onClick={() => void copy()}>
      <span aria-live="polite">{outcome ?? 'Copy'}</span>
      <span class={showName ? '' : 'visually-hidden'}> {name}</span>
    </button>
  );
}
