import { useEffect, useState } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import { count, localTime, printable } from '../../../../cli/terminal/format.ts';
import type { JobStory } from '../../../protocol.ts';
import { useLive } from '../live/live.tsx';
import { Badge } from '../parts/badge.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { Json } from '../parts/json.tsx';
import { ProblemText } from '../parts/problem-text.tsx';
import { useReadOnlyReason } from '../parts/read-only.ts';
import { useAsked } from '../parts/use-asked.ts';
import { ActionDialog } from './action-dialog.tsx';
import { type Event, eventsOf, isUnderway, positionOf, STATE_KINDS } from './job-story.ts';
import { jobIdIn } from './search-address.ts';
import './jobs.css';

/** How often a job that is under way is read again, in milliseconds, unless the page is polled less often. */
const READ_AGAIN_MS = 3_000;
/** How long a job that was sent again is watched, in milliseconds. */
const WATCH_RETRY_MS = 120_000;

/** The story of one job. */
export default function Job() {
  const { params } = useRoute();
  const text = params.jobId ?? '';
  const jobId = jobIdIn(text);
  if (jobId === undefined)
    return (
      <section class="card">
        <h1>“{text}” is no job ID</h1>
        <p>
          A job ID is a whole number from 1. Find jobs by content: <a href="/jobs">search</a>.
        </p>
      </section>
    );
  return <Story key={jobId} jobId={jobId} />;
}

function Story({ jobId }: { jobId: number }) {
  const { connected, intervalSeconds } = useLive();
  const { answer: story, error, isLoading, again } = useAsked<JobStory>(`jobs/${jobId}`);
  const [retriedAt, setRetriedAt] = useState(0);
  const isWatched =
    story !== undefined &&
    (isUnderway(story) || (story.state === 'dead' && Date.now() < retriedAt + WATCH_RETRY_MS));
  useEffect(() => {
    if (!isWatched || !connected || isLoading) return;
    const timer = setTimeout(again, Math.max(READ_AGAIN_MS, intervalSeconds * 1_000));
    return () => clearTimeout(timer);
  }, [isWatched, connected, isLoading, again, intervalSeconds]);
  return (
    <section class="card job">
      <div class="title">
        <h1>Job {jobId}</h1>
        {story && <Badge kind={STATE_KINDS[story.state]}>{story.state}</Badge>}
        {story?.state === 'dead' && (
          <Retry
            jobId={jobId}
            onDone={() => {
              setRetriedAt(Date.now());
              again();
            }}
          />
        )}
        <nav aria-label="Other jobs">
          {jobId > 1 && (
            <a href={`/jobs/${jobId - 1}`} rel="prev">
              <span aria-hidden="true">← </span>
              <span class="visually-hidden">Previous job </span>
              {jobId - 1}
            </a>
          )}
          <a href={`/jobs/${jobId + 1}`} rel="next">
            <span class="visually-hidden">Next job </span>
            {jobId + 1}
            <span aria-hidden="true"> →</span>
          </a>
        </nav>
      </div>
      {error !== undefined && <ProblemText error={error} />}
      {!story && error === undefined && <p class="loading">Reading the job …</p>}
      {story && <Facts story={story} />}
    </section>
  );
}

function Retry({ jobId, onDone }: { jobId: number; onDone(): void }) {
  const readOnly = useReadOnlyReason();
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <button
        type="button"
        disabled={readOnly !== undefined}
        title={readOnly}
        onClick={() => setAsking(true)}
      >
        Retry
      </button>
      {readOnly !== undefined && <span class="muted">{readOnly}</span>}
      {isAsking && (
        <ActionDialog
          action="retry"
          selection={{ jobs: [jobId] }}
          number={1}
          onClose={(isDone) => {
            setAsking(false);
            if (isDone) onDone();
          }}
        />
      )}
    </>
  );
}

function Facts({ story }: { story: JobStory }) {
  const { runId, tick, pass, problems = {}, document, log, logProblem } = story;
  return (
    <>
      <dl class="facts">
        <dt>Run</dt>
        <dd>
          <a href={`/runs/${runId}`}>{runId}</a>
        </dd>
        <dt>Tick</dt>
        <dd>
          <a href={`/runs/${runId}?before=${tick + 1}`}>{count(tick)}</a>, {positionOf(story)}
        </dd>
        {pass && (
          <>
            <dt>List</dt>
            <dd>
              item {count(pass.position + 1)} of pass {count(pass.pass)}
            </dd>
          </>
        )}
      </dl>
      <h2>What happened</h2>
      <ol class="timeline">
        {eventsOf(story).map((event) => (
          <Happened key={event.title} event={event} />
        ))}
      </ol>
      <div class="two">
        <div>
          <h2>Item</h2>
          {problems.item === undefined ? (
            <Json value={story.item} name="Item" />
          ) : (
            <p class="muted">Not known: {problems.item}.</p>
          )}
        </div>
        <div>
          <h2>Output</h2>
          {document ? (
            <Json value={document.output} name="Output" />
          ) : (
            <p class="muted">{missingOutput(story)}</p>
          )}
        </div>
      </div>
      <Log log={log} problem={logProblem} />
    </>
  );
}

function missingOutput({ problems = {}, state }: JobStory): string {
  if (problems.document !== undefined) return `The document could not be read: ${problems.document}`;
  return state === 'processed' ? 'The document was deleted.' : 'There is none yet.';
}

function Happened({ event: { kind, title, at, until, detail } }: { event: Event }) {
  return (
    <li class={kind}>
      <strong>{title}</strong>{' '}
      {at !== undefined && (
        <span class="muted">
          {until === undefined ? (
            <time dateTime={at}>{localTime(at)}</time>
          ) : (
            <>
              between <time dateTime={at}>{localTime(at)}</time> and{' '}
              <time dateTime={until}>{localTime(until)}</time>
            </>
          )}
        </span>
      )}
      {detail !== undefined && <p>{detail}</p>}
    </li>
  );
}

function Log({ log, problem }: { log: JobStory['log']; problem: string | undefined }) {
  if (log.length === 0)
    return (
      <>
        <h2>Log</h2>
        <p class="muted">
          {problem ? `The log could not be read: ${problem}` : 'No log line names the job.'}
        </p>
      </>
    );
  return (
    <>
      <h2>
        Log <CopyButton text={log.map((line) => JSON.stringify(line)).join('\n')} name="the log lines" />
      </h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <section class="scroll" tabIndex={0} aria-label="Log lines">
        <table class="log">
          <caption class="visually-hidden">Log lines about the job</caption>
          <thead>
            <tr>
              <th>Time</th>
              <th>Level</th>
              <th>Message</th>
              <th>Fields</th>
            </tr>
          </thead>
          <tbody>
            {log.map((line, at) => (
              <tr key={at} class={line.level?.toLowerCase()}>
                <td class="nowrap">{localTime(line.time)}</td>
                <td>{line.level}</td>
                <td>{printable(line.message)}</td>
                <td class="json-cell">{fieldsText(line.fields)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function fieldsText(fields: Record<string, unknown>): string {
  return Object.entries(fields)
    .map(([name, value]) => printable(`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`))
    .join(' ');
}
