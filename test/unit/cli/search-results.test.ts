import { expect, test } from 'vitest';
import type { Deployment } from '../../../cli/cloud/deployment.ts';
import { searchResults } from '../../../cli/cloud/invoke.ts';

test('a search goes on behind the job that it is given', async () => {
  const asked: unknown[] = [];
  const pages = [
    { total: 9, documents: [{ jobId: 6 }, { jobId: 7 }], next: 7 },
    { total: 9, documents: [{ jobId: 8 }] },
  ];
  const send = async ({ input }: { input: { Payload: string } }) => {
    asked.push(JSON.parse(input.Payload));
    const page = JSON.stringify(pages[asked.length - 1]);
    return { Payload: { transformToString: () => page } };
  };
  const deployment = { target: { clients: { lambda: { send } } }, functions: {} } as unknown as Deployment;
  const found: number[] = [];
  const selection = { query: '*', limit: 3, after: 5 };
  for await (const { documents } of searchResults(deployment, new AbortController().signal, selection))
    found.push(...documents.map(({ jobId }) => jobId));
  expect(found).toEqual([6, 7, 8]);
  expect(asked).toEqual([
    { results: { query: '*', size: 3, after: 5 } },
    { results: { query: '*', size: 1, after: 7 } },
  ]);
});
