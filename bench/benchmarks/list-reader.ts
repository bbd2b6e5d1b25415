import { setTimeout as sleep } from 'node:timers/promises';
import { type Reader, readPassOf } from '../../functions/core/items/read-pass.ts';
import { newWorkerId } from '../../functions/core/model/ids.ts';
import type { PassName } from '../../functions/core/model/pass.ts';
import type { Pipeline } from '../../test/fixtures/pipeline.ts';
import { type ListShape, listSource } from './list-source.ts';

/** The reader's time limit, in milliseconds (infra-cdk/constructs/reader.ts). */
const TIMEOUT_MS = 900_000;

/** Reads a pass as the reader's function does. @throws Error unless all items were read and are valid */
export async function readList(
  { table, items: bucket }: Pick<Pipeline, 'table' | 'items'>,
  name: PassName,
  list: ListShape,
): Promise<void> {
  const reader: Reader = {
    name: newWorkerId(),
    table,
    bucket,
    source: listSource(list),
    clock: Date.now,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
  };
  const result = await readPassOf(reader, name, Date.now() + TIMEOUT_MS);
  if (result.state !== 'complete' || result.count !== list.items || result.invalid > 0)
    throw new Error(`a list of ${list.items} items ended as ${JSON.stringify(result)}`);
}
