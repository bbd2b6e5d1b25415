import type { Context } from 'aws-lambda';
import job from '#job';
import { readEnvironment } from './runtime/environment.ts';
import { log } from './runtime/logger.ts';

export const environment = readEnvironment('DRUMLINE_TABLE', 'DRUMLINE_ITEMS_BUCKET', 'DRUMLINE_SCHEDULER');

/** Reads a pass of the job's list. Invoked by the scheduler. */
export async function handler(input: unknown, context: Context): Promise<void> {
  log.addContext(context);
  log.info('pass', { input, hasList: job.items !== undefined });
}
