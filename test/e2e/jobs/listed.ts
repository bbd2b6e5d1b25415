import { z } from 'zod';
import { defineJob, pages, secret } from '#drumline';

/** Where the test serves the list, and decides which jobs work. */
const { SOURCE = '' } = process.env;

export default defineJob({
  items: pages(async (from: number | undefined, { signal }) => {
    const response = await fetch(`${SOURCE}/list/${from ?? 0}`, { signal });
    if (!response.ok) throw new Error(`the source answers ${response.status}`);
    return (await response.json()) as { items: unknown[]; next?: number };
  }),
  item: z.object({ id: z.int(), version: z.int() }),
  needs: { environment: { SOURCE }, secrets: { TOKEN: 'e2e/token' } },
  async run({ id }, { signal }) {
    const headers = { authorization: await secret('TOKEN') };
    const response = await fetch(`${SOURCE}/work/${id}`, { headers, signal });
    if (!response.ok) throw new Error(`the work answers ${response.status}`);
    return id;
  },
});
