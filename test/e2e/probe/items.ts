/** The partitions of the ledger's table by content, each with an item that no function uses. */
export const ITEMS = {
  schedule: { pk: 'SCHEDULE', sk: 'PROBE' },
  runs: { pk: 'RUNS', sk: 'PROBE' },
  ticks: { pk: 'RUN#probe', sk: 'PROBE' },
  counters: { pk: 'COUNTERS#probe#0', sk: 'PROBE' },
  messages: { pk: 'MESSAGE#probe', sk: 'PROBE' },
  passes: { pk: 'PASS#probe#1', sk: 'PROBE' },
  scaling: { pk: 'SCALING', sk: 'PROBE' },
};
export type Partition = keyof typeof ITEMS;
export const PARTITIONS = Object.keys(ITEMS) as Partition[];

export const VERBS = ['read', 'list', 'put', 'update', 'delete'] as const;
export type Verb = (typeof VERBS)[number];

/** The operations that the probe tries on the ledger's items. */
export type ItemAttempt = `${Verb} ${Partition}`;
export const ITEM_ATTEMPTS = VERBS.flatMap((verb) =>
  PARTITIONS.map((partition): ItemAttempt => `${verb} ${partition}`),
);
