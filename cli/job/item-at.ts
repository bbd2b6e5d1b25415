import { type ItemSource, pageProblem } from '../../functions/core/items/source.ts';
import { reasonFrom } from '../../functions/core/model/errors.ts';
import { type ItemEntry, jsonProblem } from '../../functions/core/model/item.ts';
import { CommandError } from '../terminal/errors.ts';
import { count, counted } from '../terminal/format.ts';
import { projectFrames } from './project-frames.ts';

/**
 * Reads a list as far as the item with this index. The item is what a pass would store: JSON.
 * @param index from 0
 * @throws CommandError `no_such_item` when the list is shorter, `list_not_read` when the source fails
 */
export async function itemAt(
  source: ItemSource<unknown>,
  index: number,
  signal: AbortSignal,
): Promise<ItemEntry> {
  let cursor: unknown;
  let first = 0;
  do {
    const { items, next } = await readPage(source, cursor, signal);
    if (index < first + items.length) return asStored(items[index - first]);
    first += items.length;
    // A cursor is stored as JSON between two pages.
    cursor = next == null ? undefined : JSON.parse(JSON.stringify(next));
  } while (cursor !== undefined);
  throw new CommandError(
    'no_such_item',
    first === 0 ? 'The list is empty.' : `The list has ${counted(first, 'item')}.`,
    first === 0
      ? 'Give an item with --item.'
      : `Choose an index from 0 to ${count(first - 1)}, or give an item with --item.`,
  );
}

/** An item as a pass stores it. */
function asStored(item: unknown): ItemEntry {
  const problem = jsonProblem('item', item);
  return problem === undefined ? { item: JSON.parse(JSON.stringify(item)) } : { problem };
}

async function readPage(source: ItemSource<unknown>, cursor: unknown, signal: AbortSignal) {
  try {
    const page = await source.read(cursor, { signal });
    // The reader refuses the same pages.
    const problem = pageProblem(page);
    if (problem !== undefined) throw new Error(problem);
    return page;
  } catch (error) {
    signal.throwIfAborted();
    const [at] = projectFrames(error);
    throw new CommandError(
      'list_not_read',
      `The list cannot be read: ${reasonFrom(error)}`,
      at ? `See ${at.place}.` : 'Correct the items of the job.',
      { cause: error },
    );
  }
}
