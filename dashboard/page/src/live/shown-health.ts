import { pendingOf } from '../../../../cli/runs/statistics.ts';
import type { Health, View } from '../../../protocol.ts';
import { clock, count } from '../text/numbers.ts';

/** The part of the live state that the first sentence is about. */
interface Shown {
  view: View | undefined;
  lost: boolean;
  paused: boolean;
}

/** What the page says about the health: the server's words, unless the server itself is gone. */
export function shownHealth({ view, lost }: Shown): Health {
  if (lost)
    return {
      state: 'broken',
      sentence: 'The dashboard’s server does not answer.',
      action: 'Start it again: npx drumline dashboard',
    };
  return view?.health ?? { state: 'unknown', sentence: 'Reading the status …' };
}

/** Why the numbers on the page are old ones, as a sentence; undefined if they are not. */
export function staleText({ view, lost, paused }: Shown): string | undefined {
  if (!view?.status || !(lost || paused || view.problem)) return undefined;
  const asOf = clock(view.statusAt ?? view.at);
  return paused && !lost ? `Paused. The numbers are as of ${asOf}.` : `The numbers are as of ${asOf}.`;
}

const SIGNS: Record<Health['state'], string> = {
  healthy: '●',
  idle: '○',
  attention: '▲',
  broken: '✕',
  unknown: '…',
};

/** The title of the window, which shows the state: `● 12,400 left – Drumline`. */
export function titleOf(shown: Shown): string {
  const { state } = shownHealth(shown);
  return `${shown.paused ? '❚❚' : SIGNS[state]} ${titleText(shown, state)} – Drumline`;
}

function titleText({ view, lost, paused }: Shown, state: Health['state']): string {
  if (lost) return 'No server';
  if (paused) return 'Paused';
  if (view?.problem) return 'No answer';
  const [warning] = view?.warnings ?? [];
  if (state === 'attention' && warning) return warning.title;
  if (!view?.status) return 'Loading';
  if (view.status.runId === null) return 'No run';
  const pending = pendingOf(view.status);
  return pending > 0 ? `${count(pending)} left` : 'All done';
}
