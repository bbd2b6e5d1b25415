import { once } from 'node:events';
import type { Command } from 'commander';
import { action, type Call } from '../cloud/call.ts';
import { serveDashboard } from '../dashboard/serve-dashboard.ts';
import { int } from '../terminal/options.ts';

interface Options {
  open: boolean;
  write?: boolean;
  port: number;
}

export function register(program: Command): void {
  program
    .command('dashboard')
    .summary('open a page that shows everything live')
    .description(
      'Opens a page in the browser: health, progress, throughput, workers, jobs, logs and runs, live. Its server runs on ' +
        '127.0.0.1 until Ctrl-C, and asks the functions with your own credentials. Nothing is deployed.',
    )
    .option('--no-open', 'print the address, and do not open it')
    .option('--write', 'allow changes: start, stop and scale, retry and purge dead letters')
    .option('--port <n>', 'port of the server on 127.0.0.1 (default: any free port)', int(1, 65_535), 0)
    .addHelpText('after', '\nExample:\n  npx drumline dashboard --write')
    .action(action(run));
}

async function run(call: Call, { open: opens, write = false, port }: Options): Promise<number> {
  const { output, signal, step } = call;
  const deployment = await call.deployment();
  const dashboard = await step('Starting the dashboard', () =>
    serveDashboard(call, deployment, { port, writable: write }),
  );
  try {
    output.result({ address: dashboard.address }, () => dashboard.address);
    if (opens && !(await dashboard.open()))
      output.say('No browser could be opened. Open the address yourself.');
    output.say(`Ctrl-C ends the dashboard.${write ? '' : ' It is read-only; --write allows changes.'}`);
    if (!signal.aborted) await once(signal, 'abort');
    return 0;
  } finally {
    await dashboard.close();
  }
}
