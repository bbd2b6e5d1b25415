import { type ItemSource, MAX_PAGE_ITEMS } from '../core/items/source.ts';
import { PermanentError } from '../core/model/errors.ts';
import { openS3 } from './s3.ts';

/** A file in S3. */
export interface S3Lines<Item> {
  bucket: string;
  key: string;
  /** Makes an item of a line; `JSON.parse` unless given. Empty lines are skipped. If it throws, the tick is missed. */
  parse?: (line: string) => Item;
}

/** Bytes of the file that are read at once. A longer line ends the pass. */
export const LINES_PAGE_BYTES = 4_194_304;

/** Where the next page starts, and the version of the file that the pass reads. */
interface Cursor {
  offset: number;
  etag: string;
}

const NEWLINE = 0x0a;

/**
 * A list in an S3 file with one JSON value per line; empty lines are skipped. A line has at most 4 MiB. A pass reads one
 * version of the file: if the file is replaced while it is read, the tick is missed. The job needs the permission
 * `s3:GetObject` for the file.
 * @example
 *     items: s3Lines<{ id: string }>({ bucket: 'my-bucket', key: 'customers.jsonl' })
 * @throws PermanentError from `read`, when a line cannot be parsed or is longer than `LINES_PAGE_BYTES`, or the file was
 *   replaced
 */
export function s3Lines<Item = unknown>({
  bucket,
  key,
  parse = JSON.parse,
}: S3Lines<Item>): ItemSource<Item> {
  const name = `s3://${bucket}/${key}`;
  return {
    async read(cursor, { signal }) {
      const { offset, etag } = (cursor ?? { offset: 0 }) as Partial<Cursor> & { offset: number };
      const found = await getRange(bucket, key, offset, etag, signal).catch((error) => {
        if ((error as Error).name === 'PreconditionFailed')
          throw new PermanentError(`${name} was replaced while it was read`);
        throw error;
      });
      if (!found) return { items: [] };
      const isRest = offset + found.bytes.length >= found.size;
      const end = endOfPage(found.bytes, isRest);
      if (end === 0)
        throw new PermanentError(
          `${name} has a line of more than ${LINES_PAGE_BYTES} bytes at byte ${offset}`,
        );
      const isLast = isRest && end === found.bytes.length;
      const lines = found.bytes.subarray(0, end).toString().split('\n');
      const items = lines.flatMap((line, index): Item[] => {
        if (line.trim() === '') return [];
        try {
          return [parse(line)];
        } catch (error) {
          throw new PermanentError(
            `${name}: line ${index + 1} after byte ${offset} cannot be parsed: ${(error as Error).message}`,
          );
        }
      });
      return { items, ...(!isLast && { next: { offset: offset + end, etag: found.etag } }) };
    },
  };
}

/** Where the lines of a page end: after at most `MAX_PAGE_ITEMS` whole lines. @param isRest whether the file ends with the bytes */
function endOfPage(bytes: Buffer, isRest: boolean): number {
  let end = 0;
  for (let lines = 0; lines < MAX_PAGE_ITEMS; lines++) {
    const newline = bytes.indexOf(NEWLINE, end);
    if (newline < 0) return isRest ? bytes.length : end;
    end = newline + 1;
  }
  return end;
}

interface Range {
  bytes: Buffer;
  /** Bytes of the whole file. */
  size: number;
  etag: string;
}

/** Reads a part of an object. @param etag the expected version @returns undefined if the object is empty */
async function getRange(
  Bucket: string,
  Key: string,
  offset: number,
  etag: string | undefined,
  abortSignal: AbortSignal,
): Promise<Range | undefined> {
  const { s3, client } = await openS3();
  try {
    const answer = await client.send(
      new s3.GetObjectCommand({
        Bucket,
        Key,
        Range: `bytes=${offset}-${offset + LINES_PAGE_BYTES - 1}`,
        ...(etag !== undefined && { IfMatch: etag }),
      }),
      { abortSignal },
    );
    const bytes = Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
    // "bytes 0-99/1234"
    return { bytes, size: Number(answer.ContentRange?.split('/')[1]), etag: answer.ETag ?? '' };
  } catch (error) {
    // S3 answers this for a range of an empty object.
    if ((error as Error).name === 'InvalidRange' && offset === 0) return undefined;
    throw error;
  }
}
