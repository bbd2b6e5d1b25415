import { useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { Line } from '../../../protocol.ts';
import { useLive } from '../live/live.tsx';
import { count, counted } from '../text/numbers.ts';
import { filterIn, parametersOf } from './log-address.ts';
import { LogFilters } from './log-filters.tsx';
import { type Chunk, EMPTY_LIST, type LogList, reduceList } from './log-list.ts';
import { LogRow } from './log-row.tsx';
import './logs.css';

/** A list that is scrolled to within so many pixels of its end follows new lines. */
const END_PIXELS = 40;

/** Log lines as they come, filtered as the address says. */
export default function Logs() {
  const { query, route } = useLocation();
  const { view, paused } = useLive();
  const parameters = parametersOf(filterIn(query));
  const filter = useMemo(() => filterIn(query), [parameters]);
  const { list, hold, follow } = useLogList(parameters);
  const workers = useMemo(() => (view?.status?.workers ?? []).map(({ id }) => id).sort(), [view?.statusAt]);
  const series = view?.history.workers.join('\n') ?? '';
  const box = useRef<HTMLElement>(null);

  /** Where the list was scrolled to. */
  const lastTop = useRef(0);

  useLayoutEffect(() => {
    const { current } = box;
    if (!list.isFollowing || !current) return;
    current.scrollTop = current.scrollHeight;
    lastTop.current = current.scrollTop;
  }, [list]);
  // Only a person scrolls up. The list scrolls itself down, and the event about that may come after a person's click.
  const scrolled = () => {
    const { scrollHeight = 0, scrollTop = 0, clientHeight = 0 } = box.current ?? {};
    const isAtEnd = scrollHeight - scrollTop - clientHeight < END_PIXELS;
    if (list.isFollowing && !isAtEnd && scrollTop < lastTop.current) hold();
    if (!list.isFollowing && isAtEnd && scrollTop > lastTop.current) follow();
    lastTop.current = scrollTop;
  };

  return (
    <section class="card logs">
      <header>
        <h1>Logs</h1>
        <LogFilters
          filter={filter}
          workers={workers}
          onChange={(changed) => route(`/logs${parametersOf(changed)}`, true)}
        />
        <button
          type="button"
          class="follow"
          aria-pressed={list.isFollowing}
          onClick={list.isFollowing ? hold : follow}
        >
          Follow
        </button>
        <span class="muted number">{counted(list.count, 'line')}</span>
      </header>
      {paused && <p class="note">Paused. New lines come when you resume.</p>}
      <div class="log-frame">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
        <section class="log-lines" ref={box} tabIndex={0} aria-label="Log lines" onScroll={scrolled}>
          <Lines list={list} series={series} isFiltered={parameters !== ''} onOpen={hold} />
        </section>
        {!list.isFollowing && list.heldCount > 0 && (
          <button type="button" class="primary new-lines" onClick={follow}>
            {count(list.heldCount)} new {list.heldCount === 1 ? 'line' : 'lines'} ↓
          </button>
        )}
      </div>
    </section>
  );
}

interface LinesProps {
  list: LogList;
  /** The workers with series of their own, one in a line. */
  series: string;
  isFiltered: boolean;
  onOpen(): void;
}

function Lines({ list: { chunks, hasAnswer }, series, isFiltered, onOpen }: LinesProps) {
  if (!hasAnswer) return <p class="loading muted">Reading the logs …</p>;
  if (chunks.length === 0)
    return (
      <p class="muted">
        {isFiltered ? 'No line matches. New lines that match appear here.' : 'There are no lines yet.'}
      </p>
    );
  return (
    <>
      {chunks.map((chunk) => (
        <Lot key={chunk.key} chunk={chunk} series={series} onOpen={onOpen} />
      ))}
    </>
  );
}

/** A chunk of the lines, which is drawn only while it is in sight. */
function Lot({ chunk, series, onOpen }: { chunk: Chunk } & Pick<LinesProps, 'series' | 'onOpen'>) {
  return useMemo(() => {
    const workers = series.split('\n');
    return (
      <ol>
        {chunk.lines.map((line) => (
          <LogRow
            key={line.id}
            line={line}
            series={line.worker === undefined ? -1 : workers.indexOf(line.worker)}
            onOpen={onOpen}
          />
        ))}
      </ol>
    );
  }, [chunk, series, onOpen]);
}

/** Receives lines while the page receives views, so not while it is hidden or paused. */
function useLogList(parameters: string) {
  const { connected } = useLive();
  const [list, dispatch] = useReducer(reduceList, EMPTY_LIST);
  const shown = useRef(parameters);
  useEffect(() => {
    if (shown.current !== parameters) dispatch({ type: 'clear' });
    shown.current = parameters;
    if (!connected) return;
    let isFirst = true;
    const source = new EventSource(`/api/logs${parameters}`);
    source.onopen = () => {
      isFirst = true;
    };
    source.addEventListener('lines', ({ data }) => {
      dispatch({ type: 'received', lines: JSON.parse(data) as Line[], isFirst });
      isFirst = false;
    });
    return () => source.close();
  }, [parameters, connected]);
  return {
    list,
    hold: useCallback(() => dispatch({ type: 'hold' }), []),
    follow: useCallback(() => dispatch({ type: 'follow' }), []),
  };
}
