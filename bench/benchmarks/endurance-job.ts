import { setTimeout as sleep } from 'node:timers/promises';
import { defineJob, PermanentError } from '#drumline';

/** Each job whose ID is a multiple of this fails in every attempt. */
export const HOPELESS_EVERY = 500;

/** Share of all other attempts that fail. */
const UNLUCKY = 0.02;

/** How long a job waits, in milliseconds: 100 on average. */
const WAIT = { min: 50, max: 150 };

/** A job that waits and sometimes fails. @param release the code's number, which is stored with each result */
export const endure = (release: number) =>
  defineJob({
    output: { release: 'integer', ms: 'float' },
    async run(jobId, { signal }) {
      if (jobId % HOPELESS_EVERY === 0) throw new PermanentError(`job ${jobId} never works`);
      const ms = WAIT.min + Math.random() * (WAIT.max - WAIT.min);
      await sleep(ms, undefined, { signal });
      if (Math.random() < UNLUCKY) throw new Error('the other side is busy');
      return { release, ms };
    },
  });
