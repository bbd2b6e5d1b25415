import { z } from 'zod';
import { defineJob, pages } from '#drumline';
import { readUsage } from './usage.ts';

export default defineJob({
  items: pages(readUsage), // the list of customers: readUsage(cursor) returns a page and the next cursor
  item: z.object({ id: z.string(), daysSinceLogin: z.int(), openTickets: z.int(), fee: z.number() }),
  output: { score: 'float', label: 'keyword', tags: 'keyword' }, // Elasticsearch types
  async run({ daysSinceLogin, openTickets, fee }) {
    const score = 1 / (1 + Math.exp(4 - daysSinceLogin / 15 - openTickets / 2));
    return {
      score, // how likely the customer is to leave
      label: score > 0.8 ? 'churn' : score > 0.4 ? 'watch' : 'loyal',
      tags: [...(openTickets >= 3 ? ['many-tickets'] : []), ...(fee >= 100 ? ['premium'] : [])],
    };
  },
});
