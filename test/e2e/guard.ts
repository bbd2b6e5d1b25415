import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { elasticsearchUrl } from './system.ts';

/** The local Elasticsearch, behind something that asks for API keys, which it can't do itself. */
export interface Guard {
  url: string;
  close(): void;
}

/** @param refuses the status to refuse a request with, or nothing to let it through */
export async function guardElasticsearch(
  refuses: (key: string, asked: IncomingMessage) => 401 | 403 | undefined,
): Promise<Guard> {
  const server = createServer((asked, answer) => {
    const { authorization, ...headers } = asked.headers;
    const status = refuses(authorization?.replace(/^ApiKey /, '') ?? '', asked);
    if (status) {
      asked.resume();
      answer.setHeader('x-elastic-product', 'Elasticsearch').setHeader('content-type', 'application/json');
      answer.writeHead(status).end(JSON.stringify({ error: { type: 'security_exception', reason: 'no' } }));
      return;
    }
    const passed = request(`${elasticsearchUrl}${asked.url}`, { method: asked.method, headers }, (found) => {
      answer.writeHead(found.statusCode ?? 502, found.headers);
      found.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
