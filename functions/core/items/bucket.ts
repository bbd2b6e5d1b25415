/** The bucket with the items of passes. */
export interface Bucket {
  /** Writes an object; one with the same key has the same content. @throws Unavailable */
  put(key: string, body: string): Promise<void>;
  /** Reads an object; undefined if there is none. @throws Unavailable */
  get(key: string): Promise<string | undefined>;
}
