import type { ComponentChildren } from 'preact';
import './parts.css';

const SIGNS = { good: '✓', warn: '!', bad: '✕', quiet: '·' };

/** How a state is coloured. The sign and the text say the same without colour. */
export type BadgeKind = keyof typeof SIGNS;

/** A state in a word or two. */
export function Badge({ kind, children }: { kind: BadgeKind; children: ComponentChildren }) {
  return (
    <span class={`badge ${kind}`}>
      <span class="sign" aria-hidden="true">
        {SIGNS[kind]}
      </span>
      {children}
    </span>
  );
}
