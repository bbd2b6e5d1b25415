/** How a customer uses the product. Stands for a row of your data warehouse. */
export interface Usage {
  id: string;
  daysSinceLogin: number;
  openTickets: number;
  /** Euros per month. */
  fee: number;
}

const CUSTOMERS = 1_000;
const PAGE = 200;

/** Reads a page of customers. @param from the number of the first one */
export async function readUsage(from = 0): Promise<{ items: Usage[]; next?: number }> {
  const end = Math.min(from + PAGE, CUSTOMERS);
  const items = Array.from({ length: end - from }, (_, at) => usageOf(from + at));
  return { items, ...(end < CUSTOMERS && { next: end }) };
}

function usageOf(number: number): Usage {
  return {
    id: `customer-${number}`,
    daysSinceLogin: (number * 7) % 90,
    openTickets: number % 5,
    fee: 10 + ((number * 13) % 190),
  };
}
