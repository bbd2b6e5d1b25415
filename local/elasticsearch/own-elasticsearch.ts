import { UserError } from '../base/user-error.ts';

const TIMEOUT_MS = 5000;

/**
 * Makes sure that an Elasticsearch of the user's own answers and is an 8.x; the client would be refused by another.
 * @param url may hold a user name and password; they are used and never shown
 * @throws UserError
 */
export async function requireElasticsearch8(url: string): Promise<void> {
  const version = await versionOf(parse(url));
  if (!version) {
    throw new UserError(
      `No Elasticsearch answers at ${withoutCredentials(url)}.`,
      'Start it, or correct the URL and its user name and password.',
    );
  }
  if (!version.startsWith('8.')) {
    throw new UserError(
      `${withoutCredentials(url)} is Elasticsearch ${version}; Drumline needs 8.x.`,
      'Give the URL of an Elasticsearch 8, or leave it away to have one installed.',
    );
  }
}

/** The URL as it may be shown. */
export function withoutCredentials(url: string): string {
  const { origin, pathname } = parse(url);
  return `${origin}${pathname === '/' ? '' : pathname}`;
}

function parse(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed && /^https?:$/.test(parsed.protocol)) return parsed;
  // Not repeated here: what is not a URL may hold a password all the same.
  throw new UserError("That is not Elasticsearch's URL.", 'Give one such as http://127.0.0.1:9200');
}

async function versionOf(url: URL): Promise<string | undefined> {
  const root = await getJson(url, '');
  if (root?.version?.number) return root.version.number;
  // Builds without the rest-root module, as our own, have no `GET /`.
  const info = await getJson(url, '_nodes/_local/http?filter_path=nodes.*.version');
  const [node] = Object.values(info?.nodes ?? {});
  return node?.version;
}

type Answer = { version?: { number?: string }; nodes?: Record<string, { version?: string }> };

async function getJson(url: URL, path: string): Promise<Answer | undefined> {
  const target = new URL(path, `${url.origin}${url.pathname.replace(/\/?$/, '/')}`);
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const headers = url.username ? { authorization: `Basic ${Buffer.from(login).toString('base64')}` } : {};
  try {
    const response = await fetch(target, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    return response.ok ? ((await response.json()) as Answer) : undefined;
  } catch {
    return undefined;
  }
}
