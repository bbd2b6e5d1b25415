import { buildPage, PAGE_FOLDER } from '../../dashboard/server/build-page.ts';
import { type Dashboard, startDashboard } from '../../dashboard/server/server.ts';
import { InventedCloud, type Invention } from '../fixtures/invented-cloud.ts';

export interface InventedDashboard extends Dashboard {
  cloud: InventedCloud;
}

/** Serves the dashboard of a deployment that exists only in memory. @param port 0 for any free port */
export async function startInventedDashboard(
  invention: Partial<Invention> = {},
  { writable = true, port = 0 } = {},
): Promise<InventedDashboard> {
  await buildPage();
  const cloud = new InventedCloud({
    ...{ workers: 4, x: 20_000, y: 2, batchMs: 2_000, batchJobs: 80, deadLetters: 3 },
    ...invention,
  });
  const options = { cloud, pageFolder: PAGE_FOLDER, version: 'invented', port, writable };
  return { cloud, ...(await startDashboard(options)) };
}
