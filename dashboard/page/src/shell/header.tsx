import { useLocation } from 'preact-iso';
import { useLive } from '../live/live.tsx';
import { dollars } from '../text/numbers.ts';
import './header.css';
import { ThemeChoice } from './theme.tsx';

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
        <Brand />
        Drumline
      </a>
      {about && (
        <span class="where" title={`Stack ${about.stackName}`}>
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
      <div class="settings">
        <Polling />
        <ThemeChoice />
      </div>
    </header>
  );
}

function isCurrent(path: string, address: string): boolean {
  return address === '/' ? path === '/' : path === address || path.startsWith(`${address}/`);
}

function Brand() {
  return (
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#0f4c81" />
      <g stroke="#fff" stroke-width="3" stroke-linecap="round">
        <path d="M7 11h6" />
        <path d="M16 11h3" opacity=".55" />
        <path d="M22 11h3" />
        <path d="M7 17h3" opacity=".55" />
        <path d="M13 17h9" />
        <path d="M7 23h11" />
        <path d="M21 23h4" opacity=".55" />
      </g>
    </svg>
  );
}

/** Shows how often the page is updated, and what that costs, and pauses it. */
function Polling() {
  const { about, view, connected, lost, paused, intervalSeconds, setPaused, setInterval } = useLive();
  const state = paused ? 'Paused' : connected ? 'Live' : lost ? 'No server' : 'Connecting';
  const price = view?.polling.dollarsPerDay;
  return (
    <div class="polling">
      <span class={`live ${paused ? 'paused' : connected ? 'on' : lost ? 'lost' : ''}`}>
        <span class="dot" aria-hidden="true" />
        {state}
      </span>
      <label class="choice">
        <span class="visually-hidden">Update</span>
        <select
          value={intervalSeconds}
          onChange={({ currentTarget }) => setInterval(Number(currentTarget.value))}
        >
          {(about?.intervals ?? [intervalSeconds]).map((seconds) => (
            <option key={seconds} value={seconds}>
              every {seconds} s
            </option>
          ))}
        </select>
      </label>
      <button type="button" class="pause" onClick={() => setPaused(!paused)}>
        {paused ? 'Resume' : 'Pause'}
      </button>
      {price !== undefined && (
        <span
          class="price"
          title="What the dashboard’s polls cost on AWS, if a page is visible all day. A hidden or paused page costs nothing."
        >
          {dollars(price)} a day{about?.target === 'aws' ? '' : ' on AWS'}
        </span>
      )}
    </div>
  );
}
