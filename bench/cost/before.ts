import type { Summary } from './section.ts';

/** What was counted before the core was redesigned, of the same scenarios and by the same benchmark. */
export const BEFORE: { commit: string; date: string; redesign: string; rows: Summary[] } = {
  commit: '25b23a1',
  redesign: '20f6947',
  date: '2026-11-25',
  rows: [
    {
      ...{ scenario: 'processed', writeUnits: 45_400, readUnits: 800, sqsRequests: 6_000, dollars: 0.0334 },
      ...{ unitsABatch: 2, partitions: 1, batchesASecond: 500 },
    },
    {
      ...{ scenario: 'failed', writeUnits: 2_525_400, readUnits: 800, sqsRequests: 106_000, dollars: 1.6209 },
      ...{ unitsABatch: 1_022, partitions: 1, batchesASecond: 0.98 },
    },
    {
      ...{ scenario: 'failed once', writeUnits: 329_400, readUnits: 20_800, sqsRequests: 10_000 },
      ...{ dollars: 0.2125, unitsABatch: 2, partitions: 1, batchesASecond: 500 },
    },
  ],
};
