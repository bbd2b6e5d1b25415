import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect, useMemo, useState } from 'preact/hooks';
import type { About, Batches, View } from '../../../protocol.ts';
import { get } from './api.ts';
import { BatchHistory } from './batch-history.ts';

/** What all views share: the live view, and how it is polled. */
export interface LiveState {
  about: About | undefined;
  view: View | undefined;
  /** Whether the page receives views: it is visible, not paused, and the server answers. */
  connected: boolean;
  /** Whether the server does not answer. */
  lost: boolean;
  paused: boolean;
  intervalSeconds: number;
  setPaused(paused: boolean): void;
  setInterval(seconds: number): void;
  /** The batches of the last minutes. They outlast the views. */
  batchHistory: BatchHistory;
  /** Another number each time that there are other batches. */
  batchesVersion: number;
}

/** How long to wait before the server is asked again, in milliseconds. */
const RETRY_MS = 3_000;

const LiveContext = createContext<LiveState | undefined>(undefined);

export function useLive(): LiveState {
  return useContext(LiveContext) as LiveState;
}

/**
 * Receives views while the page is visible and not paused. A hidden page closes its connection, so that the server does not
 * poll for it.
 */
export function LiveProvider({ children }: { children: ComponentChildren }) {
  const [about, setAbout] = useState<About>();
  const [view, setView] = useState<View>();
  const [connected, setConnected] = useState(false);
  const [lost, setLost] = useState(false);
  const [paused, setPaused] = useState(false);
  const [chosen, setChosen] = useState(() => Number(localStorage.getItem('drumline-interval')) || undefined);
  const visible = useVisible();
  const batchHistory = useMemo(() => new BatchHistory(), []);
  const [batchesVersion, setBatchesVersion] = useState(0);
  const intervalSeconds = chosen ?? about?.defaultInterval ?? 2;

  useEffect(() => void get<About>('about').then(setAbout, () => {}), [connected]);
  useEffect(() => {
    if (!visible || paused) return;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let source: EventSource | undefined;
    const open = () => {
      source = new EventSource(`/api/live?every=${intervalSeconds}`);
      source.onopen = () => {
        setConnected(true);
        setLost(false);
      };
      source.onerror = () => {
        setConnected(false);
        setLost(true);
        // The browser connects again by itself, unless it got an answer that is no stream.
        if (source?.readyState === EventSource.CLOSED) retry = setTimeout(open, RETRY_MS);
      };
      source.addEventListener('view', ({ data }) => setView(JSON.parse(data) as View));
      source.addEventListener('batches', ({ data }) => {
        batchHistory.add(JSON.parse(data) as Batches);
        setBatchesVersion((version) => version + 1);
      });
    };
    open();
    return () => {
      clearTimeout(retry);
      source?.close();
      setConnected(false);
    };
  }, [visible, paused, intervalSeconds, batchHistory]);

  const state: LiveState = {
    ...{ about, view, connected, lost, paused, intervalSeconds, setPaused },
    ...{ batchHistory, batchesVersion },
    setInterval(seconds) {
      localStorage.setItem('drumline-interval', String(seconds));
      setChosen(seconds);
    },
  };
  return <LiveContext.Provider value={state}>{children}</LiveContext.Provider>;
}

function useVisible(): boolean {
  const [visible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const listen = () => setVisible(!document.hidden);
    document.addEventListener('visibilitychange', listen);
    return () => document.removeEventListener('visibilitychange', listen);
  }, []);
  return visible;
}
