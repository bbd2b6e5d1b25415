import { useLocation } from 'preact-iso';
import { useLive } from '../live/live.tsx';

const VIEWS = [
  ['/', 'Overview'],
  ['/jobs', 'Jobs'],
  ['/runs', 'Runs'],
  ['/logs', 'Logs'],
] as const;

export function Header() {
  const { path } = useLocation();
  const { about } = useLive();
  return (
    <header class="bar">
      <a class="brand" href="/">
        Drumline
      </a>
      {about && (
        <span class="where" title={about.stackName}>
          {about.target}
          {about.stage && ` · ${about.stage}`}
        </span>
      )}
      <nav aria-label="Views">
        {VIEWS.map(([address, name]) => (
          <a key={address} href={address} aria-current={isCurrent(path, address) ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <Polling />
    </header>
  );
}

function isCurrent(path: string, address: string): boolean {
  return address === '/' ? path === '/' : path === address || path.startsWith(`${address}/`);
}

/** Shows how often the page is updated, and pauses that. */
function Polling() {
  const { about, connected, paused, intervalSeconds, setPaused, setInterval } = useLive();
  return (
    <div class="polling">
      <span class={`dot ${connected ? 'on' : ''}`} aria-hidden="true" />
      <label>
        <span class="label">Every</span>
        <select
          value={intervalSeconds}
          onChange={({ currentTarget }) => setInterval(Number(currentTarget.value))}
        >
          {(about?.intervals ?? [intervalSeconds]).map((seconds) => (
            <option key={seconds} value={seconds}>
              {seconds} s
            </option>
          ))}
        </select>
      </label>
      <button type="button" onClick={() => setPaused(!paused)} aria-pressed={paused}>
        {paused ? 'Resume' : 'Pause'}
      </button>
    </div>
  );
}
