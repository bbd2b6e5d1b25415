import { mkdir } from 'node:fs/promises';
import { buildPage, PAGE_FOLDER } from '../../dashboard/server/build-page.ts';
import { DeployedCloud } from '../../dashboard/server/deployed-cloud.ts';
import { startDashboard } from '../../dashboard/server/server.ts';
import type { Call } from '../cloud/call.ts';
import type { Deployment } from '../cloud/deployment.ts';
import { VERSION } from '../terminal/version.ts';
import { openPage } from './open-page.ts';

/** A dashboard that runs in this process. */
export interface ServedDashboard {
  /** The address to open; a secret if the page may change anything. */
  address: string;
  /** Opens it in the browser. @returns whether there is one */
  open(): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Builds the page if necessary, and starts the dashboard's server.
 * @param port 0 for any free port
 * @param writable whether the page may change anything
 * @throws CommandError `not_built` or `port_in_use`
 */
export async function serveDashboard(
  call: Call,
  deployment: Deployment,
  { port, writable }: { port: number; writable: boolean },
): Promise<ServedDashboard> {
  await buildPage();
  const { address, close } = await startDashboard({
    cloud: new DeployedCloud(call, deployment),
    pageFolder: PAGE_FOLDER,
    version: VERSION,
    port,
    writable,
  });
  const { tmp } = call.target.home;
  const removals: (() => Promise<void>)[] = [];
  return {
    address,
    async open() {
      await mkdir(tmp, { recursive: true });
      const remove = await openPage(address, tmp);
      if (remove) removals.push(remove);
      return remove !== undefined;
    },
    async close() {
      await Promise.all([close(), ...removals.map((remove) => remove())]);
    },
  };
}
