import { LocationProvider, lazy, Route, Router } from 'preact-iso';
import { LiveProvider } from '../live/live.tsx';
import { Overview } from '../overview/overview.tsx';
import { Header } from './header.tsx';
import { WindowState } from './window-state.ts';

// Views other than the first screen are loaded when they are opened.
const Jobs = lazy(() => import('../jobs/jobs.tsx'));
const Job = lazy(() => import('../jobs/job.tsx'));
const Runs = lazy(() => import('../runs/runs.tsx'));
const Run = lazy(() => import('../runs/run.tsx'));
const Logs = lazy(() => import('../logs/logs.tsx'));

export function App() {
  return (
    <LocationProvider>
      <LiveProvider>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <WindowState />
        <Header />
        <main id="main" tabIndex={-1}>
          <Router onRouteChange={focusHeading}>
            <Route path="/" component={Overview} />
            <Route path="/jobs" component={Jobs} />
            <Route path="/jobs/:jobId" component={Job} />
            <Route path="/runs" component={Runs} />
            <Route path="/runs/:runId" component={Run} />
            <Route path="/logs" component={Logs} />
            <Route default component={NotFound} />
          </Router>
        </main>
      </LiveProvider>
    </LocationProvider>
  );
}

/** Focuses the heading of the view that was opened, so that a screen reader goes on there. */
function focusHeading(): void {
  const heading = document.querySelector<HTMLElement>('main h1');
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

function NotFound() {
  return (
    <section class="card">
      <h1>There is no such page</h1>
      <p>
        Go to the <a href="/">overview</a>.
      </p>
    </section>
  );
}
