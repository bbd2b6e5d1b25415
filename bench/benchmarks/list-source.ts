import { type ItemSource, pages } from '../../functions/core/items/source.ts';

/** A list for a benchmark. */
export interface ListShape {
  items: number;
  /** Bytes of an item as JSON. */
  itemBytes: number;
}

/** Items of one page, as an API or a query returns them. */
const PAGE_ITEMS = 1_000;

/** An item of the list. */
export interface ListItem {
  id: number;
  text: string;
}

/** A list that is made as it is read, so that reading it takes no time of its own. */
export function listSource({ items, itemBytes }: ListShape): ItemSource<ListItem> {
  return pages<ListItem, number>(async (from = 0) => {
    const end = Math.min(items, from + PAGE_ITEMS);
    const page = Array.from({ length: end - from }, (_, at) => listItem(from + at, itemBytes));
    return { items: page, next: end < items ? end : null };
  });
}

function listItem(id: number, itemBytes: number): ListItem {
  const bare = JSON.stringify({ id, text: '' }).length;
  return { id, text: 'x'.repeat(Math.max(0, itemBytes - bare)) };
}
