import { z } from 'zod';
import { defineJob, pages } from '#drumline';

/** Where the test serves the list, and decides which jobs work. */
const { SOURCE = '' } = process.env;

export default defineJob({
  items: pages(async (from: number | undefined, { signal }) => {
    const response = await fetch(`${SOURCE}/list/${from ?? 0}`, { signal });
    if (!response.ok) throw new Error(`the source answers ${response.status}`);
    return (await response.json()) as { items: unknown[]; next?: number };
  }),
  item: z.object({ id: z.int(), version: z.int() }),
  needs: { environment: { SOURCE } },
  async run({ id }, { signal }) {
    const response = await fetch(`${SOURCE}/work/${id}`, { signal });
    if (!response.ok) throw new Error(`the work answers ${response.status}`);
    return id;
  },
});
