import { jsonProblem } from '../model/item.ts';

/** One page of a list. */
export interface Page<Item> {
  /** At most 10,000 items, and 20 MB of JSON. */
  items: readonly Item[];
  /** Any JSON with which `read` finds the next page, at most 10,000 characters; undefined or null after the last page. */
  next?: unknown;
}

/** What a source receives besides the cursor. */
export interface ReadContext {
  /** Aborts when the reader's time is up. The page is then read again. */
  signal: AbortSignal;
}

/** Where a list comes from. A pass reads it page by page. After a crash, it goes on after the last page that is stored. */
export interface ItemSource<Item> {
  /** @param cursor the `next` of the page before; undefined for the first page */
  read(cursor: unknown, context: ReadContext): Promise<Page<Item>>;
}

/** Maximum items of one page. Together with the pages before it that are not stored yet, they are held in memory. */
export const MAX_PAGE_ITEMS = 10_000;

/** Maximum characters of a cursor as JSON. It is stored with the pass, in an item of at most 400 kB. */
const MAX_CURSOR_CHARACTERS = 10_000;

/** Why a page cannot be used, or undefined if it can. */
export function pageProblem(page: Page<unknown>): string | undefined {
  if (!Array.isArray(page?.items)) return 'a page has no array named items';
  const cursorProblem = page.next === undefined ? undefined : jsonProblem('next', page.next);
  if (cursorProblem !== undefined) return `a page cannot be used: ${cursorProblem}`;
  if (JSON.stringify(page.next ?? null).length > MAX_CURSOR_CHARACTERS)
    return `the next of a page has more than ${MAX_CURSOR_CHARACTERS} characters of JSON`;
  if (page.items.length > MAX_PAGE_ITEMS)
    return `a page has ${page.items.length} items, at most ${MAX_PAGE_ITEMS}`;
  return undefined;
}

/**
 * A list that your code reads page by page.
 * @example
 *     pages(async (cursor: string | undefined, { signal }) => {
 *       const { customers, cursor: next } = await api.customers({ after: cursor, signal });
 *       return { items: customers, next };
 *     })
 * @param read returns a page and the cursor of the next page. Without `next` (undefined or null), the page is the last one.
 *   A page has at most 10,000 items and 20 MB of JSON, and takes at most two minutes. If `read` throws, the page is read
 *   again, five times in all; then the tick is missed. A `PermanentError` makes the tick missed at once.
 */
export function pages<Item, Cursor = unknown>(
  read: (
    cursor: Cursor | undefined,
    context: ReadContext,
  ) => Promise<{ items: readonly Item[]; next?: Cursor | null | undefined }>,
): ItemSource<Item> {
  return {
    async read(cursor, context) {
      const { items, next } = await read(cursor as Cursor | undefined, context);
      return { items, ...(next !== undefined && next !== null && { next }) };
    },
  };
}

/** Items of one page of a list that is part of the code. */
const LIST_PAGE_ITEMS = 1_000;

/** A list that is part of the code: `list(['berlin', 'paris'])`. */
export function list<Item>(items: readonly Item[]): ItemSource<Item> {
  return {
    async read(cursor) {
      const from = (cursor as number | undefined) ?? 0;
      const end = from + LIST_PAGE_ITEMS;
      return { items: items.slice(from, end), ...(end < items.length && { next: end }) };
    },
  };
}
