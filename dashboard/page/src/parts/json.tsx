import { useMemo, useState } from 'preact/hooks';
import { count } from '../text/numbers.ts';
import { CopyButton } from './copy-button.tsx';
import { jsonText } from './json-text.ts';
import './parts.css';

/** A browser is slow with longer texts in one element. The copy has everything. */
const MAX_SHOWN_CHARACTERS = 100_000;

/** A value as indented JSON. A long one is folded, and can be copied as a whole. */
export function Json({ value, name }: { value: unknown /** What the value is: `Item` */; name: string }) {
  const { text, lines, beginning } = useMemo(() => jsonText(value), [value]);
  const [isOpen, setOpen] = useState(false);
  if (text === '') return <span class="muted">–</span>;
  const shown = isOpen ? text.slice(0, MAX_SHOWN_CHARACTERS) : (beginning ?? text);
  const isCut = shown.length < text.length;
  return (
    <div class="json">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <section tabIndex={0} aria-label={name}>
        <pre>
          {shown}
          {isCut && ' …'}
        </pre>
      </section>
      <div class="actions">
        <CopyButton text={text} name={name} />
        {beginning !== undefined && (
          <button type="button" class="quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? 'Show less' : lines > 1 ? `Show all ${count(lines)} lines` : 'Show all'}
          </button>
        )}
        {isOpen && isCut && (
          <span class="muted">Only the first {count(MAX_SHOWN_CHARACTERS)} characters are shown.</span>
        )}
      </div>
    </div>
  );
}
