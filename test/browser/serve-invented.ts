import { buildPage, PAGE_FOLDER } from '../../dashboard/server/build-page.ts';
import { startDashboard } from '../../dashboard/server/server.ts';
import { InventedCloud } from '../fixtures/invented-cloud.ts';

// Serves the dashboard of an invented deployment, for work on the page: npx tsx test/browser/serve-invented.ts [workers] [port]

const [workers = '4', port = '0'] = process.argv.slice(2);
await buildPage();
const { address } = await startDashboard({
  cloud: new InventedCloud({
    workers: Number(workers),
    x: 20_000,
    y: 2,
    batchMs: 2_000,
    batchJobs: 80,
    deadLetters: 3,
  }),
  pageFolder: PAGE_FOLDER,
  version: 'invented',
  port: Number(port),
  writable: true,
});
process.stdout.write(`${address}\n`);
