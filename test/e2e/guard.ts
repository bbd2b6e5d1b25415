import { createServer, type IncomingMessage, request } from 'node:http';
import { elasticsearchUrl, home } from './system.ts';

/** A proxy in front of the local Elasticsearch that checks API keys, which the server cannot do without a licence. */
export interface Guard {
  close(): void;
}

/**
 * Listens where this file's functions look for Elasticsearch.
 * @param refuses returns the status to refuse a request with, or undefined to pass it on
 */
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
    const passed = request(
      `${home.elasticsearchUrl}${asked.url}`,
      { method: asked.method, headers },
      (found) => {
        answer.writeHead(found.statusCode ?? 502, found.headers);
        found.pipe(answer);
      },
    );
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) =>
    server.listen(Number(new URL(elasticsearchUrl).port), '127.0.0.1', resolve),
  );
  return {
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
