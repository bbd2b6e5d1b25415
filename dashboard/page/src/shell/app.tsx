import { LocationProvider, lazy, Route, Router } from 'preact-iso';
import { LiveProvider } from '../live/live.tsx';
import { Overview } from '../overview/overview.tsx';
import { Header } from './header.tsx';

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
        <Header />
        <main id="main" tabIndex={-1}>
          <Router>
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
