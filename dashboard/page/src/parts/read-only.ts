import { useLive } from '../live/live.tsx';
import { token } from '../live/token.ts';

/** Why this page may change nothing, as a sentence; undefined if it may. */
export function useReadOnlyReason(): string | undefined {
  const { about } = useLive();
  if (!about) return 'The dashboard’s server does not answer.';
  const options = about.commandOptions && ` ${about.commandOptions}`;
  if (!about.writable)
    return `Read-only. Open the dashboard with --write: npx drumline dashboard --write${options}`;
  return token() === undefined ? 'Read-only. Open the address that the terminal has printed.' : undefined;
}
