import { useEffect, useId, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { count, counted } from '../../../../cli/terminal/format.ts';
import type { DeadLettersPage } from '../../../../functions/core/jobs/find-dead-letters.ts';
import type { ResultsPage } from '../../../../functions/core/results/query.ts';
import type { RunStatus } from '../../../../functions/status.ts';
import { useLive } from '../live/live.tsx';
import { ProblemText } from '../parts/problem-text.tsx';
import { type Asked, useAsked } from '../parts/use-asked.ts';
import { DeadLetterActions } from './dead-letter-actions.tsx';
import { DeadLetterTable } from './dead-letter-table.tsx';
import { examplesOf, type JobDocument } from './documents.ts';
import { ResultTable } from './result-table.tsx';
import { addressOf, type JobSearch, jobIdIn, searchIn } from './search-address.ts';
import './jobs.css';

/** Documents on a page of the table. */
const PAGE_SIZE = 50;

/** Searches documents and dead letters. The search is in the address, so that it can be shared. */
export default function Jobs() {
  const { query } = useLocation();
  const search = searchIn(query);
  const path = search.in;
  const parameters = { query: search.query || '*', run: search.run, after: search.after, size: PAGE_SIZE };
  const asked = useAsked<DeadLettersPage | ResultsPage>(path, parameters);
  // The answer to the question before has other columns.
  const [shown, setShown] = useState<{ path: string; page: DeadLettersPage | ResultsPage }>();
  useEffect(() => {
    if (asked.answer && !asked.isLoading) setShown({ path, page: asked.answer });
  }, [asked.answer, asked.isLoading, path]);
  const isAnswered = asked.error === undefined || asked.answer !== undefined;
  const page = shown?.path === path && isAnswered ? shown.page : undefined;
  const documents: JobDocument[] = page?.documents ?? [];
  return (
    <section class="card jobs">
      <h1>Jobs</h1>
      <Choice search={search} />
      <search>
        <SearchForm search={search} error={asked.error} examples={examplesOf(documents)} />
      </search>
      <div class="found" aria-busy={asked.isLoading}>
        {page && <Total search={search} page={page} asked={asked} />}
        {search.in === 'dead-letters' && (
          <DeadLetterActions search={search} page={page} again={asked.again} />
        )}
        {!page && asked.isLoading && <p class="loading">Searching …</p>}
        {page && page.documents.length === 0 && <Nothing search={search} />}
        {page && page.documents.length > 0 && (
          <Found search={search} page={page} isOld={asked.isLoading} again={asked.again} />
        )}
      </div>
      {page && <Pages search={search} next={page.next} />}
    </section>
  );
}

/** Results or dead letters. */
function Choice({ search }: { search: JobSearch }) {
  const { view } = useLive();
  const { after: _, ...first } = search;
  const choices = [
    ['results', 'Results', view?.status?.processed],
    ['dead-letters', 'Dead letters', view?.status?.queue.deadLetters],
  ] as const;
  return (
    <nav class="choice" aria-label="What to search">
      {choices.map(([searched, name, number]) => (
        <a
          key={searched}
          href={addressOf({ ...first, in: searched })}
          aria-current={search.in === searched ? 'page' : undefined}
        >
          {name}
          {searched === 'dead-letters' && number !== undefined && number > 0 && (
            <span class="bubble">{count(number)}</span>
          )}
        </a>
      ))}
    </nav>
  );
}

function SearchForm({ search, error, examples }: { search: JobSearch; error: unknown; examples: string[] }) {
  const { route } = useLocation();
  const [text, setText] = useState(search.query);
  const ids = { field: useId(), hint: useId(), run: useId() };
  // The address changes without this form, e.g. with the browser's button Back.
  useEffect(() => setText(search.query), [search.query]);
  const shownExamples = useFirstExamples(search.in, examples);
  const { after: _, ...first } = search;
  const go = (change: Partial<JobSearch>) => route(addressOf({ ...first, ...change }));
  const jobId = jobIdIn(text);
  return (
    <form
      class="search"
      onSubmit={(event) => {
        event.preventDefault();
        go({ query: text.trim() });
      }}
    >
      <div class="fields">
        <div class="field grow">
          <label for={ids.field}>Search</label>
          <input
            id={ids.field}
            type="search"
            value={text}
            placeholder="Everything"
            spellcheck={false}
            autocomplete="off"
            autocapitalize="off"
            maxLength={10_000}
            aria-describedby={ids.hint}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </div>
        <div class="field">
          <label for={ids.run}>Run</label>
          <RunChoice id={ids.run} run={search.run} onChoose={(run) => go({ run })} />
        </div>
        <button type="submit" class="primary">
          Search
        </button>
      </div>
      {jobId !== undefined && (
        <p>
          <a class="open-job" href={`/jobs/${jobId}`}>
            Open job {jobId}
          </a>
        </p>
      )}
      {error !== undefined && <ProblemText error={error} />}
      <p class="hint muted" id={ids.hint}>
        Words, or field:value, with AND, OR, NOT and ranges, as in Elasticsearch’s query strings.
      </p>
      {shownExamples.length > 0 && (
        <p class="examples muted">
          For example{' '}
          {shownExamples.map((example) => (
            <a key={example} href={addressOf({ ...first, query: example })}>
              <code>{example}</code>
            </a>
          ))}
        </p>
      )}
    </form>
  );
}

/** The examples of the first documents: they should not change with each search. */
function useFirstExamples(searched: string, examples: string[]): string[] {
  const [first, setFirst] = useState<Record<string, string[]>>({});
  useEffect(() => {
    if (examples.length > 0) setFirst((before) => ({ [searched]: examples, ...before }));
  }, [searched, examples.length > 0]);
  return first[searched] ?? [];
}

/** Runs that can be chosen from the list. */
const LISTED_RUNS = 100;

function RunChoice({ id, run, onChoose }: { id: string; run: string; onChoose(run: string): void }) {
  const { view } = useLive();
  const { answer } = useAsked<{ runs: RunStatus[] }>('runs');
  const current = view?.status?.runId ?? '';
  const others = (answer?.runs ?? []).slice(0, LISTED_RUNS).map(({ runId }) => runId as string);
  const listed = [...new Set([current, ...others, run])].filter((runId) => runId !== '');
  return (
    <select id={id} value={run} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
      <option value="">All runs</option>
      {listed.map((runId) => (
        <option key={runId} value={runId}>
          {runId}
          {runId === current && (view?.status?.running ? ' (this run)' : ' (last run)')}
        </option>
      ))}
    </select>
  );
}

interface TotalProps {
  search: JobSearch;
  page: DeadLettersPage | ResultsPage;
  asked: Pick<Asked<unknown>, 'again' | 'isLoading'>;
}

function Total({ search, page, asked }: TotalProps) {
  const noun = search.in === 'results' ? 'document' : 'dead letter';
  return (
    <div class="total">
      <p aria-live="polite">
        <strong>{counted(page.total, noun)}</strong>
        {search.after !== undefined && <span class="muted"> – jobs after {search.after}</span>}
      </p>
      <button type="button" class="quiet" onClick={asked.again}>
        Read again
      </button>
      <span class="muted">A new {noun} is found about a second after it was written.</span>
    </div>
  );
}

function Nothing({ search }: { search: JobSearch }) {
  const isEverything = search.query === '' && search.run === '' && search.after === undefined;
  if (isEverything && search.in === 'dead-letters') return <p class="nothing">There are no dead letters.</p>;
  if (isEverything) return <p class="nothing">No job has a document yet.</p>;
  return (
    <p class="nothing">
      No {search.in === 'results' ? 'document' : 'dead letter'} matches.{' '}
      <a href={addressOf({ in: search.in, query: '', run: '' })}>Show all</a>
    </p>
  );
}

interface FoundProps {
  search: JobSearch;
  page: DeadLettersPage | ResultsPage;
  isOld: boolean;
  again(): void;
}

function Found({ search, page, isOld, again }: FoundProps) {
  const showRun = search.run === '';
  return (
    <div class={`scroll ${isOld ? 'old' : ''}`}>
      {search.in === 'results' ? (
        <ResultTable documents={(page as ResultsPage).documents} showRun={showRun} />
      ) : (
        <DeadLetterTable documents={(page as DeadLettersPage).documents} showRun={showRun} again={again} />
      )}
    </div>
  );
}

function Pages({ search, next }: { search: JobSearch; next: number | undefined }) {
  const { after, ...first } = search;
  if (after === undefined && next === undefined) return null;
  return (
    <nav class="pages" aria-label="Pages">
      {after !== undefined && <a href={addressOf(first)}>First page</a>}
      {next !== undefined && <a href={addressOf({ ...search, after: next })}>Next page</a>}
    </nav>
  );
}
