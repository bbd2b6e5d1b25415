import { startInventedDashboard } from './invented-dashboard.ts';

// Serves the dashboard of an invented deployment, for work on the page: npx tsx test/browser/serve-invented.ts [workers] [port]

const [workers = '4', port = '0'] = process.argv.slice(2);
const { address } = await startInventedDashboard({ workers: Number(workers) }, { port: Number(port) });
process.stdout.write(`${address}\n`);
