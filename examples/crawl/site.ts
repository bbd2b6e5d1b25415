import { createServer } from 'node:http';

/**
 * A site that is not reliable: 30 % of all requests fail with status 503, and every fiftieth page does not exist.
 * Run it with `npx tsx examples/crawl/site.ts [port]`; Ctrl-C ends it.
 */
const PAGES = 500;
const PAGES_PER_MAP = 100;
const FAILING = 0.3;
const MISSING = 50;

const port = Number(process.argv[2] ?? 8099);

createServer(({ url = '/' }, response) => {
  const [, kind, text] = url.split('/');
  const number = Number(text);
  if (Math.random() < FAILING) return response.writeHead(503).end();
  if (kind === 'map') {
    const end = Math.min(number + PAGES_PER_MAP, PAGES);
    const pages = Array.from({ length: end - number }, (_, at) => `/page/${number + at}`);
    return response.end(JSON.stringify({ pages, ...(end < PAGES && { next: `/map/${end}` }) }));
  }
  if (kind !== 'page' || number % MISSING === 0) return response.writeHead(404).end();
  return response.end(`<html><title>Page ${number}</title>${'<p>text</p>'.repeat(number)}</html>`);
}).listen(port, '127.0.0.1', () => {
  process.stdout.write(`The site is at http://127.0.0.1:${port}. Ctrl-C ends it.\n`);
});
