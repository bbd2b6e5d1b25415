import { timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { type Problem, TOKEN_HEADER } from '../protocol.ts';

/**
 * Response headers. The page loads nothing from elsewhere, runs no inline code, cannot be framed, and sends no referrer.
 * uPlot sets styles through the CSS object model, which the policy does not restrict.
 */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * Accepts only requests of the dashboard's own page. The host is compared because a foreign page could make its own name
 * resolve to 127.0.0.1 (DNS rebinding).
 * @param port of the server
 */
export function ownOriginOnly(port: () => number): MiddlewareHandler {
  return async (context, next) => {
    for (const [name, value] of Object.entries(HEADERS)) context.header(name, value);
    // The names of Vite's assets contain a hash of their content.
    const isAsset = context.req.path.startsWith('/assets/');
    context.header('Cache-Control', isAsset ? 'max-age=31536000, immutable' : 'no-store');
    if (!['GET', 'POST'].includes(context.req.method))
      return context.json(refusal('wrong_method', 'This server answers GET and POST.'), 405);
    const hosts = [`127.0.0.1:${port()}`, `localhost:${port()}`];
    const host = context.req.header('host') ?? '';
    const origin = context.req.header('origin');
    const site = context.req.header('sec-fetch-site');
    // A link or a redirect from elsewhere may open the page, which contains no data, but read nothing else.
    const isOpened =
      context.req.header('sec-fetch-mode') === 'navigate' && !context.req.path.startsWith('/api/');
    const isOwn =
      hosts.includes(host) &&
      (origin === undefined || origin === `http://${host}`) &&
      (site === undefined || site === 'same-origin' || site === 'none' || isOpened);
    if (!isOwn) return context.json(refusal('foreign_origin', 'This server answers only its own page.'), 403);
    return next();
  };
}

/**
 * Accepts changes only with the token, and only if the server was opened for them.
 * @param token undefined if the server is read-only
 */
export function changesNeedToken(token: string | undefined): MiddlewareHandler {
  return async (context, next) => {
    if (token === undefined)
      return context.json(refusal('read_only', 'This dashboard is read-only.', 'Open it with --write.'), 403);
    if (!isEqual(context.req.header(TOKEN_HEADER) ?? '', token))
      return context.json(
        refusal(
          'no_token',
          'This page may not change anything.',
          'Open the address that the terminal has printed.',
        ),
        403,
      );
    if (!context.req.header('content-type')?.startsWith('application/json'))
      return context.json(refusal('not_json', 'A change is a JSON document.'), 415);
    return next();
  };
}

function isEqual(given: string, token: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function refusal(code: string, message: string, nextStep = ''): { error: Problem } {
  return { error: { code, message, nextStep } };
}
