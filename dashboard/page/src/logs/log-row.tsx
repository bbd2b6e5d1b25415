import { useState } from 'preact/hooks';
import type { Line } from '../../../protocol.ts';
import { Json } from '../parts/json.tsx';
import { clock, shortWorker } from '../text/numbers.ts';
import { fieldsOf, kindOf, wholeOf, workerHref } from './log-fields.ts';

const SIGNS = { bad: '✕', warn: '!', quiet: '' };

interface LogRowProps {
  line: Line;
  /** Position of the worker's series in the chart of the throughput; -1 if it has none of its own. */
  series: number;
  /** Called when the line is opened. */
  onOpen(): void;
}

/** A log line, which opens to its JSON. */
export function LogRow({ line, series, onOpen }: LogRowProps) {
  const [isOpen, setOpen] = useState(false);
  const { time, level, worker } = line;
  const kind = kindOf(level);
  const toggle = () => {
    if (!isOpen) onOpen();
    setOpen(!isOpen);
  };
  return (
    <li class={`log-line ${kind}`}>
      <button type="button" class="quiet" aria-expanded={isOpen} onClick={toggle} title={time}>
        {clock(Date.parse(time))}
        <span class="visually-hidden"> details</span>
      </button>
      <span class="level">
        <span aria-hidden="true">{SIGNS[kind]}</span> {level}
      </span>
      <span class="function">{line.function}</span>
      {worker === undefined ? (
        <span class="worker" />
      ) : (
        <a class={`worker series-${series + 1}`} href={workerHref(worker)} title={worker}>
          {shortWorker(worker)}
        </a>
      )}
      <span class="message">
        <span class="said">{line.message}</span>
        {fieldsOf(line).map(({ name, text, href }) => (
          <span key={name} class="field">
            {' '}
            {name}={href === undefined ? <b>{text}</b> : <a href={href}>{text}</a>}
          </span>
        ))}
      </span>
      {isOpen && (
        <div class="whole">
          <Json value={wholeOf(line)} name="Log line" />
        </div>
      )}
    </li>
  );
}
