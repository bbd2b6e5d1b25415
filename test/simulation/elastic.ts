import { errors } from '@elastic/elasticsearch';
import type { Choices } from './choices.ts';

interface Document {
  source: Record<string, unknown>;
  /** Whether searches find it: only after the next refresh. */
  searchable: boolean;
}

interface Filter {
  term?: { runId: string };
  range?: { jobId: { gte: number; lte: number } };
}

interface SearchRequest {
  size?: number;
  query?: { bool: { filter: Filter[] } };
  aggs?: { duplicates?: unknown; highest?: unknown };
}

/** The results index, or a monthly index that its template adds to the alias of the results. */
const RESULTS = /^results(-|$)/;

type Action = 'create' | 'index' | 'delete';

interface BulkRequest {
  index: string;
  operations: unknown[];
}

/** Elasticsearch in memory, as far as functions/core/results/ uses it. All results indices have one alias. */
export class Elastic {
  /** The results, by `index/id`. */
  readonly documents = new Map<string, Document>();
  /** The documents of other indices: of dead letters, by id. */
  readonly deadLetters = new Map<string, Record<string, unknown>>();
  /** Why documents of dead letters are refused for good; undefined if they fit. */
  refuse: (source: Record<string, unknown>) => string | undefined = () => undefined;
  /** Number of changes, so that invariants are checked only after a change. */
  changes = 0;
  #ids = 0;
  /** Called with the id of each new document. */
  onCreate: (id: string) => void = () => {};

  bulk({ index, operations }: BulkRequest, status: () => number = () => 201) {
    const items = operationsIn(operations).map(({ action, id = `generated-${++this.#ids}`, source = {} }) => {
      const accepted = status();
      const answer = RESULTS.test(index)
        ? this.#create(index, id, source, accepted)
        : this.#writeDeadLetter(action, id, source, accepted);
      return { [action]: answer };
    });
    return { errors: items.some((item) => Object.values(item).some(({ status }) => status >= 400)), items };
  }

  /** Like `bulk`, but Elasticsearch rejects some of the documents. */
  bulkPartly(request: BulkRequest, choices: Choices) {
    return this.bulk(request, () => ([201, 201, 429, 503] as const)[choices.below(4)] as number);
  }

  mget({ index, ids }: { index: string; ids: string[] }) {
    if (ids.length === 0) throw badRequest('action_request_validation_exception', 'no documents to get');
    return {
      docs: ids.map((_id) => {
        const found = this.documents.get(`${index}/${_id}`);
        return { _id, found: found !== undefined, _source: found?.source };
      }),
    };
  }

  /** Whether any index has this document. */
  has(id: string): boolean {
    return [...this.documents.keys()].some((name) => name.endsWith(`/${id}`));
  }

  count(request: SearchRequest) {
    return { count: this.#hits(request).length };
  }

  search(request: SearchRequest) {
    const hits = this.#hits(request);
    const jobIds = hits.map(([, { source }]) => source.jobId as number);
    const twice = new Set(jobIds.filter((job, at) => jobIds.indexOf(job) < at));
    return {
      hits: { hits: hits.slice(0, request.size ?? 10).map(([name]) => ({ _id: name.split('/')[1] })) },
      aggregations: {
        highest: { value: jobIds.length > 0 ? Math.max(...jobIds) : null },
        duplicates: { buckets: [...twice].map((key) => ({ key })), sum_other_doc_count: 0 },
      },
    };
  }

  refresh() {
    for (const document of this.documents.values()) document.searchable = true;
    return {};
  }

  #create(index: string, id: string, source: Record<string, unknown>, status: number) {
    const name = `${index}/${id}`;
    if (this.documents.has(name)) return { status: 409 };
    if (status >= 400) return { status, error: { type: 'rejected', reason: 'rejected execution' } };
    if (!isLong(source.output))
      return {
        status: 400,
        error: { type: 'document_parsing_exception', reason: '[output] of type [long]' },
      };
    this.documents.set(name, { source, searchable: false });
    this.changes++;
    this.onCreate(id);
    return { status: 201 };
  }

  #writeDeadLetter(action: Action, id: string, source: Record<string, unknown>, status: number) {
    if (status >= 400) return { status, error: { type: 'rejected', reason: 'rejected execution' } };
    const reason = this.refuse(source);
    if (reason !== undefined) return { status: 400, error: { type: 'document_parsing_exception', reason } };
    this.changes++;
    if (action === 'delete') return { status: this.deadLetters.delete(id) ? 200 : 404 };
    this.deadLetters.set(id, source);
    return { status };
  }

  #hits({ query }: SearchRequest): [string, Document][] {
    const filters = query?.bool.filter ?? [];
    return [...this.documents].filter(
      ([, { source, searchable }]) =>
        searchable &&
        filters.every(({ term, range }) => {
          const jobId = source.jobId as number;
          if (term) return source.runId === term.runId;
          return range !== undefined && jobId >= range.jobId.gte && jobId <= range.jobId.lte;
        }),
    );
  }
}

/** The operations of a bulk request: lines with an action, of which those of `create` and `index` have a document. */
export function operationsIn(
  lines: readonly unknown[],
): { action: Action; id: string | undefined; source?: Record<string, unknown> }[] {
  const operations = [];
  for (let at = 0; at < lines.length; at++) {
    const [action, { _id: id }] = Object.entries(lines[at] as object)[0] as [Action, { _id?: string }];
    operations.push({
      action,
      id,
      ...(action !== 'delete' && { source: JSON.parse(lines[++at] as string) }),
    });
  }
  return operations;
}

/** Whether a field mapped as `long` accepts a value: numbers (truncated), numeric strings, lists of these, or null. */
function isLong(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isLong);
  if (value === undefined || value === null) return true;
  if (typeof value === 'string' && value.trim() === '') return false;
  return typeof value !== 'boolean' && typeof value !== 'object' && Math.abs(Number(value)) < 2 ** 63;
}

function badRequest(type: string, reason: string): Error {
  return new errors.ResponseError({
    statusCode: 400,
    body: { error: { type, reason }, status: 400 },
    headers: {},
    warnings: null,
    meta: {} as never,
  } as never);
}
