import { z } from 'zod';
import { defineJob, PermanentError, pages } from '#drumline';

const { SITE = 'http://127.0.0.1:8099' } = process.env;

/** Crawls the pages of a site that is not reliable. */
export default defineJob({
  // The site's map names 100 pages at a time. If the request fails, it is repeated.
  items: pages(async (next: string | undefined, { signal }) => {
    const response = await fetch(new URL(next ?? '/map/0', SITE), { signal });
    if (!response.ok) throw new Error(`the map answers ${response.status}`);
    const map = (await response.json()) as { pages: string[]; next?: string };
    return { items: map.pages.map((path) => ({ url: new URL(path, SITE).href })), next: map.next };
  }),
  item: z.object({ url: z.url() }),
  output: { title: 'text', bytes: 'integer' },
  needs: {
    // The value at deployment: `SITE=https://example.com npx drumline deploy`
    environment: { SITE },
  },
  async run({ url }, { signal, log, attempt }) {
    const response = await fetch(url, { signal });
    // Trying again is useless: the job becomes a dead letter at once.
    if (response.status === 404 || response.status === 410) throw new PermanentError(`${url} does not exist`);
    // The job is tried again later.
    if (!response.ok) throw new Error(`${url} answers ${response.status}`);
    const html = await response.text();
    if (attempt > 1) log.info('crawled at last', { url, attempt });
    return { title: /<title>(.*?)<\/title>/.exec(html)?.[1] ?? '', bytes: Buffer.byteLength(html) };
  },
});
