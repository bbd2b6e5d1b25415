import { z } from 'zod';
import { defineJob, pages } from '#drumline';
import { readUsage } from './usage.ts';

/** Scores for each customer how likely the customer is to leave. */
export default defineJob({
  // The list. Each tick has a job for each item.
  items: pages(async (from: number | undefined) => {
    const { customers, next } = await readUsage(from);
    return { items: customers, next };
  }),
  // A job whose item does not fit becomes a dead letter at once, which names the field.
  item: z.object({
    id: z.string(),
    daysSinceLogin: z.int(),
    openTickets: z.int(),
    fee: z.number().positive(),
  }),
  // The types of the output's fields in Elasticsearch.
  output: { score: 'float', label: 'keyword', tags: 'keyword' },
  run(customer) {
    const { daysSinceLogin, openTickets, fee } = customer;
    const score = 1 / (1 + Math.exp(4 - daysSinceLogin / 15 - openTickets / 2));
    return {
      score,
      label: score > 0.8 ? 'churn' : score > 0.4 ? 'watch' : 'loyal',
      tags: [...(openTickets >= 3 ? ['many-tickets'] : []), ...(fee >= 100 ? ['premium'] : [])],
    };
  },
});
