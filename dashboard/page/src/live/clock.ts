import { useEffect, useRef, useState } from 'preact/hooks';

/**
 * The server's time in milliseconds since 1970, which the component shows anew each second. A wrong clock of the browser
 * does no harm.
 * @param at when the server made the newest view; undefined before the first one
 * @param frozen stops the clock, as for old numbers
 */
export function useServerTime(at: number | undefined, frozen = false): number {
  const aheadMs = useRef<{ at: number | undefined; ms: number }>({ at: undefined, ms: 0 });
  if (at !== undefined && aheadMs.current.at !== at) aheadMs.current = { at, ms: at - Date.now() };
  const [, tick] = useState(0);
  useEffect(() => {
    if (frozen) return;
    const timer = setInterval(() => tick((number) => number + 1), 1_000);
    return () => clearInterval(timer);
  }, [frozen]);
  return frozen && at !== undefined ? at : Date.now() + aheadMs.current.ms;
}
