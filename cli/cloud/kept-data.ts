import {
  DeleteTableCommand,
  DynamoDBClient,
  ListTablesCommand,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb';
import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import { unlessDenied } from './client-errors.ts';
import { clientConfigOf, type Target } from './target.ts';

/** What a stack leaves behind when it is deleted: the table and the bucket with the history of its runs. */
export interface KeptData {
  table: string;
  itemsBucket: string;
}

/** The most tables that are read to find the earlier ledgers of a stack. */
const MAX_TABLES = 10;

/** How long DynamoDB may take to delete a table, in seconds. */
const MAX_DELETION_SECONDS = 300;

/**
 * The tables that earlier stacks of this name have left; none if the user may not list tables. CloudFormation forms their
 * names from the stack's name.
 */
export async function findLedgers(target: Target, abortSignal: AbortSignal): Promise<string[]> {
  const client = new DynamoDBClient(clientConfigOf(target));
  const prefix = `${target.stackName}-LedgerTable`;
  const command = new ListTablesCommand({ ExclusiveStartTableName: prefix, Limit: MAX_TABLES });
  const answer = await unlessDenied(client.send(command, { abortSignal }));
  return (answer?.TableNames ?? []).filter((name) => name.startsWith(prefix));
}

/** Deletes the table, and the bucket with its objects. What is gone already is no error. */
export async function deleteKeptData(
  target: Target,
  { table, itemsBucket }: KeptData,
  abortSignal: AbortSignal,
): Promise<void> {
  const dynamodb = new DynamoDBClient(clientConfigOf(target));
  const s3 = new S3Client({ ...clientConfigOf(target), forcePathStyle: target.name !== 'aws' });
  await unlessGone(async () => {
    await dynamodb.send(new DeleteTableCommand({ TableName: table }), { abortSignal });
    await waitUntilTableNotExists(
      { client: dynamodb, abortSignal, minDelay: 1, maxDelay: 5, maxWaitTime: MAX_DELETION_SECONDS },
      { TableName: table },
    );
  });
  await unlessGone(async () => {
    await deleteObjects(s3, itemsBucket, abortSignal);
    await s3.send(new DeleteBucketCommand({ Bucket: itemsBucket }), { abortSignal });
  });
}

/** Deletes the objects of a bucket without versions, page by page: each page has as many as one request deletes. */
async function deleteObjects(client: S3Client, Bucket: string, abortSignal: AbortSignal): Promise<void> {
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket }, { abortSignal })) {
    if (Contents.length === 0) continue;
    const Delete = { Objects: Contents.map(({ Key }) => ({ Key })), Quiet: true };
    const { Errors: [error] = [] } = await client.send(new DeleteObjectsCommand({ Bucket, Delete }), {
      abortSignal,
    });
    if (error) throw new Error(`S3 did not delete ${error.Key} in ${Bucket}: ${error.Code} ${error.Message}`);
  }
}

async function unlessGone(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Error) || !/^(ResourceNotFoundException|NoSuchBucket)$/.test(error.name))
      throw error;
  }
}
