import { createServer } from 'node:http';

/** The server of the list that test/e2e/jobs/listed.ts reads. A test changes it while it is read. */
export interface ServedList {
  items: unknown[];
  /** Status of the answers to requests for pages. */
  status: number;
  /** Requests for the page that starts with this item are not answered. */
  heldPage: number | undefined;
  /** The jobs of these items fail. */
  refused: Set<number>;
  /** The first items of the pages that were requested. */
  readonly requests: number[];
  close(): void;
}

/** What the jobs must send. They read it from the secret that the job needs. */
export const TOKEN = 'the e2e token';

/** Items of a page: a reader stores each of the first two pages as soon as it is read. */
export const PAGE_ITEMS = 500;

/** @param url where the functions expect the server */
export async function serveList(url: string): Promise<ServedList> {
  const server = createServer(({ url: path = '', headers }, answer) => {
    const [, kind, text] = path.split('/');
    const number = Number(text);
    if (kind === 'work') {
      if (headers.authorization !== TOKEN) return answer.writeHead(401).end();
      return answer.writeHead(list.refused.has(number) ? 503 : 200).end();
    }
    list.requests.push(number);
    if (number === list.heldPage) return;
    const end = number + PAGE_ITEMS;
    const page = {
      items: list.items.slice(number, end),
      ...(end < list.items.length && { next: end }),
    };
    return answer.writeHead(list.status).end(JSON.stringify(page));
  });
  const list: ServedList = {
    items: [],
    status: 200,
    heldPage: undefined,
    refused: new Set(),
    requests: [],
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  const { port, hostname } = new URL(url);
  await new Promise<void>((resolve) => server.listen(Number(port), hostname, resolve));
  return list;
}
