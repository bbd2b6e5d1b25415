/** What is searched: the documents of processed jobs, or dead letters. */
export type Searched = 'results' | 'dead-letters';

/** A search, as the view's address has it. */
export interface JobSearch {
  in: Searched;
  /** In Elasticsearch's query string syntax; empty for everything. */
  query: string;
  /** Only this run; empty for all runs. */
  run: string;
  /** The page starts behind this job; absent for the first page. */
  after?: number;
}

/** Reads a search from the parameters of an address. Anything that is wrong there is left out. */
export function searchIn(parameters: Record<string, string>): JobSearch {
  const after = jobIdIn(parameters.after ?? '');
  return {
    in: parameters.in === 'dead-letters' ? 'dead-letters' : 'results',
    query: (parameters.q ?? '').trim(),
    run: (parameters.run ?? '').trim(),
    ...(after !== undefined && { after }),
  };
}

/** The address of a search: `/jobs?in=dead-letters&q=reason%3Atimeout` */
export function addressOf({ in: searched, query, run, after }: JobSearch): string {
  const given = {
    ...(searched !== 'results' && { in: searched }),
    ...(query !== '' && query !== '*' && { q: query }),
    ...(run !== '' && { run }),
    ...(after !== undefined && { after: String(after) }),
  };
  const parameters = new URLSearchParams(given).toString();
  return parameters === '' ? '/jobs' : `/jobs?${parameters}`;
}

/** The job ID that a text is, if it is nothing else: `4711`, `#4711`, `job 4,711`. */
export function jobIdIn(text: string): number | undefined {
  const [, digits] = /^(?:job\s*)?#?(\d[\d,]*)$/i.exec(text.trim()) ?? [];
  const jobId = Number(digits?.replaceAll(',', ''));
  return jobId >= 1 && Number.isSafeInteger(jobId) ? jobId : undefined;
}
