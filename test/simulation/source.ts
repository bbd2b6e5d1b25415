import { PAGE_ATTEMPTS } from '../../functions/core/items/read-pass.ts';
import type { Page } from '../../functions/core/items/source.ts';
import { PermanentError } from '../../functions/core/model/errors.ts';
import type { Actor } from './network.ts';
import type { World } from './world.ts';

/** How a request for a page ends. */
export const TROUBLES = ['none', 'slow', 'fails', 'permanent', 'hangs', 'no page'] as const;
export type Trouble = (typeof TROUBLES)[number];

/** The list of a scenario. */
export interface ListScenario {
  pages: number;
  /** The sizes of pages. A page that is read again may have another size. */
  sizes: number[];
  /** Whether a page has other items each time that it is read. */
  changes: boolean;
  /** Whether some items do not fit the schema. */
  misfits: boolean;
  /** How the n-th request ends: `troubles[n % troubles.length]`. */
  troubles: Trouble[];
  /** The reader's time limit, in milliseconds. */
  readerMs: number;
}

/** An item of the list. Of a list that changes, no two reads return the same item. */
export interface ListItem {
  page: number;
  at: number;
  read?: number;
  misfit?: true;
}

interface Cursor {
  page: number;
  /** The read that returned this cursor, if the list changes. */
  after?: number;
}

/** How long a slow page takes, in milliseconds. */
const SLOW_MS = 6_000;

/** The user's list. It remembers all pages that it has returned. */
export class Source {
  /** When true, there is no more trouble, and all items fit. */
  fixed = false;
  /** The number of requests that failed, or did not end. */
  troubles = 0;
  #requests = 0;
  #reads = 0;
  /** The pages that were returned, by their cursors as JSON. */
  readonly #pages = new Map<string, Page<ListItem>[]>();
  /** How often each reader has read each page. */
  readonly #attempts = new Map<Actor, Map<string, number>>();

  constructor(
    readonly world: World,
    readonly list: ListScenario,
  ) {}

  /** A request of one reader. */
  async read(actor: Actor, cursor: unknown): Promise<Page<ListItem>> {
    const { world } = this;
    if (!actor.alive) return new Promise(() => {});
    const byCursor = this.#attempts.get(actor) ?? new Map<string, number>();
    const attempts = (byCursor.get(keyOf(cursor)) ?? 0) + 1;
    this.#attempts.set(actor, byCursor.set(keyOf(cursor), attempts));
    world.check(
      attempts <= PAGE_ATTEMPTS,
      () => `${actor.name} reads ${keyOf(cursor)} for the ${attempts}th time`,
    );
    const { troubles } = this.list;
    const trouble = this.fixed ? 'none' : (troubles[this.#requests++ % troubles.length] as Trouble);
    if (trouble !== 'none') this.troubles++;
    world.note(`${actor.name}: reads ${keyOf(cursor)}, trouble: ${trouble}`);
    if (trouble === 'hangs') return new Promise(() => {});
    if (trouble === 'slow') await world.time.sleep(SLOW_MS);
    return world.network.call(actor, 'source', 'read page', () => {
      if (trouble === 'fails') throw new Error('the source is closed');
      if (trouble === 'permanent') throw new PermanentError('the source is gone');
      return trouble === 'no page' ? ({} as Page<ListItem>) : this.#page(cursor as Cursor | undefined);
    });
  }

  /** Whether items are a sequence of whole pages, as they were when they were read, from the first one to `next`. */
  isWholePages(items: readonly unknown[], next: unknown, cursor?: unknown, at = 0): boolean {
    if (at === items.length && cursor !== undefined && keyOf(cursor) === keyOf(next)) return true;
    return (this.#pages.get(keyOf(cursor)) ?? []).some((page) => {
      const end = at + page.items.length;
      if (JSON.stringify(items.slice(at, end)) !== JSON.stringify(page.items)) return false;
      return page.next === undefined
        ? end === items.length && next === undefined
        : this.isWholePages(items, next, page.next, end);
    });
  }

  #page(cursor: Cursor | undefined): Page<ListItem> {
    const { changes, pages, sizes, misfits } = this.list;
    const read = ++this.#reads;
    const page = cursor?.page ?? 0;
    const size = sizes[(page + (changes ? read : 0)) % sizes.length] as number;
    const items = Array.from({ length: size }, (_, at): ListItem => {
      const misfit = misfits && (page + at) % 3 === 1 && ({ misfit: true } as const);
      return { page, at, ...(changes && { read }), ...misfit };
    });
    const next: Cursor | undefined =
      page + 1 < pages ? { page: page + 1, ...(changes && { after: read }) } : undefined;
    const returned = { items, ...(next && { next }) };
    const key = keyOf(cursor);
    this.#pages.set(key, [...(this.#pages.get(key) ?? []), returned]);
    return returned;
  }
}

function keyOf(cursor: unknown): string {
  return cursor === undefined ? 'the first page' : JSON.stringify(cursor);
}
