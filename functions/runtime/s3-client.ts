/**
 * The part of S3's client that the functions use: a file of its own beside their bundles, which they import when they first
 * need it (infra-cdk/bundling/lazy-files.ts).
 */
export { GetObjectCommand, NoSuchKey, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
