/** Cuts a list into pieces of the same length, but for the last. */
export function* piecesOf<One>(list: readonly One[], length: number): Generator<One[]> {
  for (let at = 0; at < list.length; at += length) yield list.slice(at, at + length);
}
