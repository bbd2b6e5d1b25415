import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { CommandError } from '../../cli/terminal/errors.ts';
import { createApp } from './app.ts';
import type { Cloud } from './cloud.ts';
import { Live } from './live.ts';

export interface DashboardOptions {
  cloud: Cloud;
  /** The folder of the built page. */
  pageFolder: string;
  version: string;
  /** 0 for any free port. */
  port: number;
  /** Whether the page may change anything. */
  writable: boolean;
}

/** A running dashboard. */
export interface Dashboard {
  /** The address to open. With changes allowed, it contains the token, as a fragment, which browsers send to no server. */
  address: string;
  close(): Promise<void>;
}

/** Starts the dashboard's server on 127.0.0.1. @throws CommandError `port_in_use` */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const token = options.writable ? randomBytes(24).toString('base64url') : undefined;
  const closed = new AbortController();
  // Each running request listens. Node.js warns above ten.
  setMaxListeners(0, closed.signal);
  const live = new Live(options.cloud);
  let port = options.port;
  const app = createApp({ ...options, live, token, port: () => port, signal: closed.signal });
  const server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? portInUse(port) : error),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  port = (server.address() as AddressInfo).port;
  return {
    address: `http://127.0.0.1:${port}/${token === undefined ? '' : `#token=${token}`}`,
    close: () => {
      closed.abort();
      live.close();
      return new Promise((resolve) => {
        server.close(() => resolve());
        // Pages hold their connections open.
        if ('closeAllConnections' in server) server.closeAllConnections();
      });
    },
  };
}

function portInUse(port: number): CommandError {
  return new CommandError(
    'port_in_use',
    `The port ${port} of 127.0.0.1 is in use.`,
    'Choose another one with --port, or omit --port for any free port.',
  );
}
