import { useEffect, useRef, useState } from 'preact/hooks';
import { LOG_LEVELS, type LogFilter } from '../../../protocol.ts';
import { FUNCTIONS, filterIn } from './log-address.ts';

/** How long after the last key a text is taken, in milliseconds. */
const TYPING_MS = 300;

interface LogFiltersProps {
  filter: LogFilter;
  /** Names that the page knows, to choose from. */
  workers: readonly string[];
  onChange(filter: LogFilter): void;
}

export function LogFilters({ filter, workers, onChange }: LogFiltersProps) {
  const set = (name: keyof LogFilter, value: string) =>
    onChange(filterIn({ ...(filter as Record<string, string>), [name]: value }));
  return (
    <search class="log-filters">
      <label>
        Function
        <select
          value={filter.function ?? ''}
          onChange={({ currentTarget }) => set('function', currentTarget.value)}
        >
          <option value="">all</option>
          {FUNCTIONS.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        Level
        <select
          value={filter.level ?? ''}
          onChange={({ currentTarget }) => set('level', currentTarget.value)}
        >
          <option value="">all</option>
          {LOG_LEVELS.slice(1).map((level) => (
            <option key={level} value={level}>
              {level === LOG_LEVELS.at(-1) ? level : `${level} and above`}
            </option>
          ))}
        </select>
      </label>
      <Typed
        label="Worker"
        value={filter.worker ?? ''}
        list="log-workers"
        set={(text) => set('worker', text)}
      />
      <datalist id="log-workers">
        {workers.map((worker) => (
          <option key={worker} value={worker} />
        ))}
      </datalist>
      <Typed label="Text" value={filter.text ?? ''} set={(text) => set('text', text)} />
    </search>
  );
}

interface TypedProps {
  label: string;
  value: string;
  list?: string;
  set(text: string): void;
}

/** A field whose text is taken when nobody has typed for a moment. */
function Typed({ label, value, list, set }: TypedProps) {
  const [typed, setTyped] = useState(value);
  const taken = useRef(value);
  // The address has changed by other means, such as a link.
  if (taken.current !== value) {
    taken.current = value;
    if (typed.trim() !== value) setTyped(value);
  }
  useEffect(() => {
    if (typed.trim() === value) return;
    const timer = setTimeout(() => set(typed.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <label>
      {label}
      <input
        type="search"
        value={typed}
        list={list}
        spellcheck={false}
        autocomplete="off"
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
      />
    </label>
  );
}
