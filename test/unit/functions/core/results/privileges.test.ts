import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunId } from '../../../../../functions/core/model/ids.ts';
import type { ResultsIndex } from '../../../../../functions/core/model/index-name.ts';
import { connect, type Results } from '../../../../../functions/core/results/client.ts';
import {
  findStoredIds,
  type ResultDocument,
  writeDocuments,
} from '../../../../../functions/core/results/documents.ts';
import { checkIndex, ensureIndex, MAPPING } from '../../../../../functions/core/results/ensure-index.ts';
import {
  countDocuments,
  countDuplicates,
  findJobIds,
  highestJobId,
  refresh,
} from '../../../../../functions/core/results/search.ts';
import { job } from '../../../../fixtures/ledger.ts';

const INDEX: ResultsIndex = { name: 'drumline-results-2026.11', alias: 'drumline-results' };

/** What was asked, without what differs from index to index. */
let asked: { call: string; body: string }[];
let isThere: boolean;
let hasTemplate: boolean;
let server: Server;
let results: Results;

beforeEach(async () => {
  asked = [];
  isThere = false;
  hasTemplate = true;
  server = createServer(elasticsearch);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  results = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'drumline-results');
});

afterEach(() => {
  results.client.close();
  server.close();
});

const elasticsearch: RequestListener = async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const path = request.url?.split('?')[0] ?? '';
  const call = `${request.method} ${path.replace(/^\/drumline-results(-[\d.]+)?/, '/INDEX')}`;
  asked.push({ call, body });
  response.setHeader('x-elastic-product', 'Elasticsearch').setHeader('content-type', 'application/json');
  const error = (status: number, type: string) =>
    response.writeHead(status).end(JSON.stringify({ error: { type, reason: type } }));
  if (call === 'GET /INDEX' && !isThere) return error(404, 'index_not_found_exception');
  if (call === 'PUT /INDEX' && isThere) return error(400, 'resource_already_exists_exception');
  if (call === 'PUT /INDEX') isThere = true;
  const aliases = hasTemplate ? { 'drumline-results': {} } : {};
  response.end(
    JSON.stringify({
      ...(call === 'GET /INDEX' && { [INDEX.name]: { mappings: MAPPING, aliases } }),
      ...(call.endsWith('_bulk') && { items: [{ create: { status: 201 } }] }),
      ...(call.endsWith('_mget') && { docs: [] }),
      ...(call.endsWith('_count') && { count: 1 }),
      ...(call.endsWith('_search') && { hits: { hits: [] } }),
    }),
  );
};

const RUN = '20261123-214512-k3f9' as RunId;
const RANGE = { first: 1, last: 10 };

/** All that each function asks of Elasticsearch, by the functions of results/ that it calls. */
const FUNCTIONS: Record<string, () => Promise<void>> = {
  consumer: async () => {
    await checkIndex(results, INDEX, 1_000);
    await findStoredIds(results, INDEX.name, [job(1)]);
    await writeDocuments(results, [{ index: INDEX.name, document: { jobId: job(1) } as ResultDocument }]);
  },
  control: async () => {
    await ensureIndex(results, INDEX);
    await highestJobId(results);
  },
  verify: async () => {
    await refresh(results);
    await countDocuments(results, RUN, RANGE);
    await countDuplicates(results, RUN, 1);
    await findJobIds(results, RUN, RANGE);
  },
};

/** The privilege that each call needs: "Security privileges" in Elastic's documentation. */
const PRIVILEGES: Record<string, string> = {
  'PUT /_index_template/drumline-results-monthly': 'cluster manage_index_templates',
  'GET /INDEX': 'view_index_metadata',
  'PUT /INDEX': 'create_index',
  'POST /INDEX/_bulk': 'create_doc',
  'POST /INDEX/_mget': 'read',
  'POST /INDEX/_count': 'read',
  'POST /INDEX/_search': 'read',
  'GET /INDEX/_refresh': 'maintenance',
};

interface Role {
  cluster: string[];
  indices: { names: string[]; privileges: string[] }[];
}

/** The roles that docs/deploy.md has operators make keys with. */
function documentedRoles(): Record<string, Role> {
  const text = readFileSync(
    join(import.meta.dirname, '..', '..', '..', '..', '..', 'docs', 'deploy.md'),
    'utf8',
  );
  const keys = text.split('POST /_security/api_key').slice(1);
  // Each ends with an empty line, or its block.
  return Object.assign(
    {},
    ...keys.map((key) => JSON.parse(key.split(/\n *\n|```/)[0] ?? '').role_descriptors),
  );
}

test.each(Object.entries(FUNCTIONS))(
  '%s asks for no more than the documented role of its key has, and for all of it',
  async (name, ask) => {
    // Before the index is there, and after.
    await ask();
    await ask();
    const needed = new Set(asked.map(({ call }) => PRIVILEGES[call] ?? `unknown: ${call}`));
    const { cluster, indices } = documentedRoles()[`drumline-${name}`] as Role;
    expect([...needed].sort()).toEqual(
      [
        ...cluster.map((each) => `cluster ${each}`),
        ...indices.flatMap(({ privileges }) => privileges),
      ].sort(),
    );
    expect(indices.map(({ names }) => names)).toEqual([['drumline-results*']]);
  },
);

test('a worker makes a missing index with its mapping, and asks for no alias, which would take the privilege to delete', async () => {
  await checkIndex(results, INDEX, 1_000);
  expect(asked.map(({ call }) => call)).toEqual(['GET /INDEX', 'PUT /INDEX', 'GET /INDEX']);
  expect(JSON.parse(asked[1]?.body ?? '')).toEqual({ mappings: MAPPING });
});

test('nothing is written to an index that its alias does not name, since searches would not find it', async () => {
  hasTemplate = false;
  await expect(checkIndex(results, INDEX, 1_000)).rejects.toMatchObject({
    name: 'Unavailable',
    message: expect.stringContaining('add it to the alias'),
  });
  await expect(ensureIndex(results, INDEX)).rejects.toMatchObject({ code: 'index_conflict' });
});
