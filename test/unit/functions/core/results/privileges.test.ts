import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { ResultsIndex } from '../../../../../functions/core/model/index-name.ts';
import { connect, type WritableResults } from '../../../../../functions/core/results/client.ts';
import {
  createDeadLetterIndex,
  type DeadLetterDocument,
  deleteDeadLetters,
  deleteDeadLettersBefore,
  ensureDeadLetterIndex,
  writeDeadLetters,
} from '../../../../../functions/core/results/dead-letters.ts';
import {
  findDocument,
  findStoredIds,
  type ResultDocument,
  writeDocuments,
} from '../../../../../functions/core/results/documents.ts';
import { checkIndex, ensureIndex } from '../../../../../functions/core/results/ensure-index.ts';
import {
  queryDeadLetterIds,
  queryDeadLetters,
  queryResults,
} from '../../../../../functions/core/results/query.ts';
import {
  countDocuments,
  countDuplicates,
  findJobIds,
  highestJobId,
  refresh,
} from '../../../../../functions/core/results/search.ts';
import { job, jobs, NOW, RUN } from '../../../../fixtures/ledger.ts';
import { FakeElasticsearch, listen } from '../../../../fixtures/servers.ts';

const INDEX: ResultsIndex = { name: 'drumline-results-2026.11', alias: 'drumline-results' };

let elasticsearch: FakeElasticsearch;
let results: WritableResults;

beforeEach(async () => {
  elasticsearch = new FakeElasticsearch();
  elasticsearch.hasIndex = false;
  results = connect(`http://${await listen(createServer(elasticsearch.listener))}`, 'drumline-results');
  onTestFinished(() => results.client.close());
});

/** The calls so far, with INDEX for the name of any index of results. A bulk request is followed by its action. */
const calls = () =>
  elasticsearch.requests.map(({ call, body }) => {
    const action = call.endsWith('_bulk') ? ` ${Object.keys(JSON.parse(body.split('\n')[0] ?? ''))}` : '';
    return `${call.replace(/ \/drumline-results(-[\d.]+)?/, ' /INDEX')}${action}`;
  });

const RANGE = { first: 1, last: 10 };

/** All calls of each function to Elasticsearch, through the functions of results/ that it uses. */
const FUNCTIONS: Record<string, () => Promise<void>> = {
  consumer: async () => {
    await checkIndex(results, INDEX, 1_000);
    await findStoredIds(results, INDEX.name, [job(1)]);
    await writeDocuments(results, [{ index: INDEX.name, document: { jobId: job(1) } as ResultDocument }]);
    await createDeadLetterIndex(results, 1_000);
    await writeDeadLetters(results, [{ jobId: job(1) } as DeadLetterDocument], 1_000);
    await deleteDeadLetters(results, jobs(1));
  },
  control: async () => {
    await ensureIndex(results, INDEX);
    await ensureDeadLetterIndex(results);
    await highestJobId(results);
    await deleteDeadLetters(results, jobs(1));
    await deleteDeadLettersBefore(results, new Date(NOW).toISOString());
  },
  status: async () => {
    await findDocument(results, INDEX.name, job(1));
    await queryResults(results, { query: '*', size: 1 });
    await queryDeadLetters(results, { query: '*', size: 1 }, NOW);
    await queryDeadLetterIds(results, { query: '*' }, NOW);
  },
  verify: async () => {
    await refresh(results);
    await countDocuments(results, RUN, RANGE);
    await countDuplicates(results, RUN, 1);
    await findJobIds(results, RUN, RANGE);
  },
};

/** The privileges that each call needs: "Security privileges" in Elastic's documentation. */
const PRIVILEGES: Record<string, string[]> = {
  'PUT /_index_template/drumline-results-monthly': ['cluster manage_index_templates'],
  'PUT /_index_template/drumline-results.dead-letters': ['cluster manage_index_templates'],
  'GET /INDEX': ['view_index_metadata'],
  'PUT /INDEX': ['create_index'],
  'POST /INDEX/_bulk create': ['create_doc'],
  'POST /INDEX/_mget': ['read'],
  'POST /INDEX/_count': ['read'],
  'POST /INDEX/_search': ['read'],
  'GET /INDEX/_refresh': ['maintenance'],
  'GET /INDEX.dead-letters': ['view_index_metadata'],
  'PUT /INDEX.dead-letters': ['create_index'],
  'POST /INDEX.dead-letters/_bulk index': ['index of dead letters'],
  'POST /INDEX.dead-letters/_bulk delete': ['delete of dead letters'],
  'POST /INDEX.dead-letters/_search': ['read'],
  'GET /INDEX.dead-letters/_refresh': ['maintenance'],
};

/** The indices of a role: all of Drumline's, or those of dead letters, whose documents may be changed. */
const NAMES: Record<string, string> = {
  'drumline-results*': '',
  'drumline-results.dead-letters': ' of dead letters',
};

interface Role {
  cluster: string[];
  indices: { names: string[]; privileges: string[] }[];
}

/** The roles of the API keys that docs/deploy.md tells operators to create. */
function documentedRoles(): Record<string, Role> {
  const text = readFileSync(
    join(import.meta.dirname, '..', '..', '..', '..', '..', 'docs', 'deploy.md'),
    'utf8',
  );
  const keys = text.split('POST /_security/api_key').slice(1);
  // Each ends with an empty line or the end of its code block.
  return Object.assign(
    {},
    ...keys.map((key) => JSON.parse(key.split(/\n *\n|```/)[0] ?? '').role_descriptors),
  );
}

test.each(Object.entries(FUNCTIONS))(
  '%s needs exactly the privileges of the documented role of its key',
  async (name, ask) => {
    // Before the index exists, and after.
    await ask();
    await ask();
    const needed = new Set(calls().flatMap((call) => PRIVILEGES[call] ?? `unknown: ${call}`));
    const { cluster, indices } = documentedRoles()[`drumline-${name}`] as Role;
    expect([...needed].sort()).toEqual(
      [
        ...cluster.map((each) => `cluster ${each}`),
        ...indices.flatMap(({ names: [name = ''], privileges }) =>
          privileges.map((each) => `${each}${NAMES[name] ?? `: unknown index ${name}`}`),
        ),
      ].sort(),
    );
    expect(indices.every(({ names }) => names.length === 1)).toBe(true);
  },
);

test('a worker creates a missing index with its mapping and without its alias, which would need the privilege to delete', async () => {
  await checkIndex(results, INDEX, 1_000);
  expect(calls()).toEqual(['GET /INDEX', 'PUT /INDEX', 'GET /INDEX']);
  expect(JSON.parse(elasticsearch.requests[1]?.body ?? '')).toEqual({ mappings: elasticsearch.mappings });
});

test('nothing is written to an index without its alias, because searches would not find it', async () => {
  elasticsearch.hasAlias = false;
  await expect(checkIndex(results, INDEX, 1_000)).rejects.toMatchObject({
    name: 'Unavailable',
    message: expect.stringContaining('add it to the alias'),
  });
  await expect(ensureIndex(results, INDEX)).rejects.toMatchObject({ code: 'index_conflict' });
});
