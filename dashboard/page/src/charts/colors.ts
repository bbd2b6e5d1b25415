const resolved = new Map<string, string>();
const listeners = new Set<() => void>();
let probe: HTMLElement | undefined;

/** A colour of CSS as a canvas understands it. @param css e.g. `var(--series-1)` */
export function canvasColor(css: string): string {
  const known = resolved.get(css);
  if (known !== undefined) return known;
  probe ??= createProbe();
  probe.style.color = css;
  const color = getComputedStyle(probe).color;
  resolved.set(css, color);
  return color;
}

/** Calls `listener` when the theme has changed, so that colours are other ones. @returns ends that */
export function onThemeChange(listener: () => void): () => void {
  if (listeners.size === 0) watchTheme();
  listeners.add(listener);
  return () => listeners.delete(listener);
}

let isWatching = false;

function watchTheme(): void {
  if (isWatching) return;
  isWatching = true;
  const changed = () => {
    resolved.clear();
    for (const listener of listeners) listener();
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
  new MutationObserver(changed).observe(document.documentElement, { attributeFilter: ['data-theme'] });
}

function createProbe(): HTMLElement {
  const element = document.createElement('span');
  element.hidden = true;
  document.body.append(element);
  return element;
}
