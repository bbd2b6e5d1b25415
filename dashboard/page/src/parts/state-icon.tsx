import type { Health } from '../../../protocol.ts';
import './parts.css';

const SHAPES = {
  healthy: 'm7 12.5 3.5 3.5L17 8.5',
  idle: 'M10 8.5v7M14 8.5v7',
  attention: 'M12 7v6M12 16.4v.2',
  broken: 'm8.5 8.5 7 7M15.5 8.5l-7 7',
  unknown: 'M8 12h.1M12 12h.1M16 12h.1',
};

const OUTLINES = {
  healthy: 'M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20z',
  idle: 'M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20z',
  attention: 'M12 2.2 22.6 21H1.4z',
  broken: 'M7.9 2h8.2L22 7.9v8.2L16.1 22H7.9L2 16.1V7.9z',
  unknown: 'M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20z',
};

/** A state as a shape of its own, so that colour is not needed to tell it. */
export function StateIcon({ state }: { state: Health['state'] }) {
  return (
    <svg class={`state-icon ${state}`} viewBox="0 0 24 24" aria-hidden="true">
      <path class="outline" d={OUTLINES[state]} />
      <path class="sign" d={SHAPES[state]} />
    </svg>
  );
}

const COLORS = {
  healthy: '#00885f',
  idle: '#0f4c81',
  attention: '#c27400',
  broken: '#b42318',
  unknown: '#5b6673',
};

/** The icon of the window as an SVG that shows the state. */
export function iconOf(state: Health['state']): string {
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">' +
    `<path fill="${COLORS[state]}" stroke="${COLORS[state]}" stroke-width="2" stroke-linejoin="round" d="${OUTLINES[state]}"/>` +
    `<path fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round" d="${SHAPES[state]}"/></svg>`
  );
}
