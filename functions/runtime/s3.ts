import type { S3Client } from '@aws-sdk/client-s3';
import { abortAt, awsCall } from '../core/aws-call.ts';
import type { Bucket } from '../core/items/bucket.ts';

type S3Module = typeof import('./s3-client.ts');

/** Timeouts of a request, in milliseconds. A segment has at most a few megabytes. */
const TIMEOUTS = { requestTimeout: 5_000, connectionTimeout: 1_000, throwOnRequestTimeout: true };

let opened: Promise<{ s3: S3Module; client: S3Client }> | undefined;

/** S3's client. It is loaded with the first call: it is large, and numbered jobs do not need it. */
export function openS3(): Promise<{ s3: S3Module; client: S3Client }> {
  opened ??= import('./s3-client.ts').then((s3) => ({
    s3,
    client: new s3.S3Client({
      requestHandler: TIMEOUTS,
      // Emulators have no host name for each bucket.
      forcePathStyle: process.env.AWS_ENDPOINT_URL !== undefined,
    }),
  }));
  return opened;
}

/**
 * Opens the bucket of the passes' items; sends no request yet.
 * @param options `deadline`: when calls are aborted, in milliseconds since 1970, without it there is no deadline; `open`:
 *   opens S3's client
 */
export function openBucket(
  name: string,
  { deadline, open = openS3 }: { deadline?: () => number; open?: typeof openS3 } = {},
): Bucket {
  return {
    async put(Key, Body) {
      const { s3, client } = await open();
      await awsCall('items', () =>
        client.send(new s3.PutObjectCommand({ Bucket: name, Key, Body }), abortAt(deadline)),
      );
    },
    async get(Key) {
      const { s3, client } = await open();
      try {
        return await awsCall('items', async () => {
          const { Body } = await client.send(
            new s3.GetObjectCommand({ Bucket: name, Key }),
            abortAt(deadline),
          );
          return Body?.transformToString();
        });
      } catch (error) {
        if (error instanceof s3.NoSuchKey) return undefined;
        throw error;
      }
    },
  };
}
