import { useEffect } from 'preact/hooks';
import { useLive } from '../live/live.tsx';
import { shownHealth, titleOf } from '../live/shown-health.ts';
import { iconOf } from '../parts/state-icon.tsx';

/** Shows the state in the title and the icon of the window, so that a tab in the background tells it. */
export function WindowState(): null {
  const live = useLive();
  const title = titleOf(live);
  const { state } = shownHealth(live);
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (link) link.href = `data:image/svg+xml,${encodeURIComponent(iconOf(state))}`;
  }, [state]);
  return null;
}
