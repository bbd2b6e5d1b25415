import { useEffect, useState } from 'preact/hooks';
import './parts.css';

/** How long the button says that it has copied, in milliseconds. */
const SAID_MS = 2_000;

/** Copies a text to the clipboard. @param props.name what is copied, for screen readers: `Item` */
export function CopyButton({ text, name }: { text: string; name: string }) {
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
      <span class="visually-hidden"> {name}</span>
    </button>
  );
}
