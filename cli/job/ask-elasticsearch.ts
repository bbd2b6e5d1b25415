import type { Mapping } from '../../functions/core/results/mapping.ts';

const TIMEOUT_MS = 2_000;

/** Matches no index. The simulations create none. */
const SIMULATED_INDEX = 'drumline-simulated';

/** What Elasticsearch says; undefined if it was not reached, wants a key, or is too old for the question. */
export type Verdict = { accepted: true } | { accepted: false; reason: string } | undefined;

/** Whether Elasticsearch accepts a mapping. Changes nothing ("Simulate an index template"). */
export async function askAboutMapping(url: string, mapping: Mapping): Promise<Verdict> {
  const answer = await request<Failed>(url, '_index_template/_simulate', template(mapping));
  if (!answer) return undefined;
  return answer.status === 200
    ? { accepted: true }
    : answer.status === 400
      ? { accepted: false, reason: innermost(answer.body.error) }
      : undefined;
}

/** Whether Elasticsearch stores a document under a mapping. Changes nothing ("Simulate data ingestion"). */
export async function askAboutDocument(
  url: string,
  mapping: Mapping,
  document: Record<string, unknown>,
): Promise<Verdict> {
  const answer = await request<{ docs?: { doc?: Failed }[] }>(url, '_ingest/_simulate', {
    docs: [{ _index: SIMULATED_INDEX, _id: '1', _source: document }],
    index_template_substitutions: { [SIMULATED_INDEX]: template(mapping) },
  });
  const doc = answer?.status === 200 ? answer.body.docs?.[0]?.doc : undefined;
  if (!doc) return undefined;
  return doc.error ? { accepted: false, reason: innermost(doc.error) } : { accepted: true };
}

/** The mapping of an existing index; undefined if there is none, or Elasticsearch was not reached. */
export async function mappingOfIndex(url: string, index: string): Promise<Partial<Mapping> | undefined> {
  const answer = await request<Record<string, { mappings?: { properties?: Partial<Mapping> } }>>(
    url,
    `${encodeURIComponent(index)}/_mapping`,
  );
  return answer?.status === 200 ? Object.values(answer.body)[0]?.mappings?.properties : undefined;
}

interface Cause {
  reason?: string;
  caused_by?: Cause;
}

interface Failed {
  error?: Cause;
}

function innermost(cause: Cause = {}): string {
  return cause.caused_by ? innermost(cause.caused_by) : (cause.reason ?? 'no reason given');
}

function template(properties: Mapping) {
  return {
    index_patterns: [SIMULATED_INDEX],
    // Higher than other templates, whose patterns may match every index.
    priority: 2_000_000_000,
    template: { mappings: { dynamic: false, properties } },
  };
}

async function request<Body>(
  url: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: Body } | undefined> {
  const { origin, pathname, username, password } = new URL(url);
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  try {
    const answer = await fetch(`${origin}${pathname.replace(/\/?$/, '/')}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: {
        'content-type': 'application/json',
        ...(username && { authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: answer.status, body: (await answer.json()) as Body };
  } catch {
    return undefined;
  }
}
