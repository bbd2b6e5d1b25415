import { serveStatic } from '@hono/node-server/serve-static';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { stream, streamSSE } from 'hono/streaming';
import { z } from 'zod';
import { FUNCTIONS } from '../../cli/cloud/deployment.ts';
import { UsageError } from '../../cli/terminal/errors.ts';
import { RUN_ID } from '../../functions/core/model/ids.ts';
import { MAX_WORKERS } from '../../functions/core/model/scaling.ts';
import { type About, type Change, LOG_LEVELS, type RunAnswer, type Streamed } from '../protocol.ts';
import type { Cloud } from './cloud.ts';
import { changesNeedToken, ownOriginOnly } from './guard.ts';
import type { Live } from './live.ts';
import { NewestEvents } from './newest-events.ts';
import { problemOf } from './problem.ts';

/** Seconds between two polls that a page may ask for. */
const INTERVALS = [1, 2, 5, 15, 60];
/** Runs and ticks of a page. A run takes 17 reads of the ledger, and a hundred ticks about ten read units. */
const PAGE_RUNS = 25;
const PAGE_TICKS = 50;

export interface AppOptions {
  cloud: Cloud;
  live: Live;
  /** The folder of the built page. */
  pageFolder: string;
  version: string;
  /** Undefined for a read-only dashboard. */
  token: string | undefined;
  /** The server's port, once it listens. */
  port: () => number;
  /** Aborted when the server closes. */
  signal: AbortSignal;
}

const every = z.coerce.number().min(1).max(3_600).catch(5);
const jobId = z.coerce.number().int().positive();
const ticksPage = z.object({ before: z.coerce.number().int().positive().optional() });
const search = z.object({
  query: z.string().min(1).max(10_000),
  run: z.string().max(100).optional(),
  after: z.coerce.number().int().positive().optional(),
  size: z.coerce.number().int().min(1).max(200).default(50),
});

const logFilter = z.object({
  function: z.enum(FUNCTIONS).optional(),
  worker: z.string().max(100).optional(),
  level: z.enum(LOG_LEVELS).optional(),
  text: z.string().max(1_000).optional(),
});

const deadLetterSelection = z.union([
  z.strictObject({ query: z.string().min(1).max(10_000), runId: z.string().max(100).optional() }),
  z.strictObject({ all: z.literal(true) }),
]);
const retrySelection = z.union([
  deadLetterSelection,
  z.strictObject({ jobs: z.array(jobId).min(1).max(1_000) }),
]);

/** The control function checks the rest. */
const change = z.looseObject({ action: z.enum(['start', 'update', 'stop', 'scale']) });
const verification = z.strictObject({ runId: z.string().regex(RUN_ID).optional() });

/** A retry of 1,000 jobs by their IDs has about 20 kB. */
const MAX_BODY_BYTES = 100_000;

/** The routes of the dashboard's server. */
export function createApp({ cloud, live, pageFolder, version, token, port, signal }: AppOptions): Hono {
  const app = new Hono();
  app.use(ownOriginOnly(port));
  app.onError((error, context) => {
    const explained = wrongInput(error) ?? cloud.explain(error);
    return context.json({ error: problemOf(explained) }, explained instanceof UsageError ? 400 : 502);
  });

  const about: About = {
    ...cloud.about,
    version,
    writable: token !== undefined,
    intervals: INTERVALS,
    defaultInterval: cloud.about.target === 'aws' ? 5 : 2,
    maxWorkers: MAX_WORKERS,
  };
  app.get('/api/about', (context) => context.json(about));
  app.get('/api/live', (context) => streamLive(context, live));
  app.get('/api/runs', async (context) => {
    const before = context.req.query('before');
    const page = { size: PAGE_RUNS, ...(before !== undefined && { before: runIdOf(before) }) };
    return context.json(await cloud.runs(signal, page));
  });
  app.get('/api/runs/:runId', async (context) => {
    const status = await cloud.status(signal, runIdOf(context.req.param('runId')));
    const cost = await cloud.cost(signal, status);
    return context.json({ status, ...(cost && { cost }) } satisfies RunAnswer);
  });
  app.get('/api/runs/:runId/ticks', async (context) => {
    const runId = runIdOf(context.req.param('runId'));
    const { before } = ticksPage.parse(context.req.query());
    return context.json(await cloud.ticks(signal, { runId, size: PAGE_TICKS, before }));
  });
  app.get('/api/logs', (context) => streamLogs(context, live));
  app.get('/api/jobs/:jobId', async (context) =>
    context.json(await cloud.job(signal, jobId.parse(context.req.param('jobId')))),
  );
  app.get('/api/results', async (context) => {
    const { run: runId, ...rest } = search.parse(context.req.query());
    return context.json(await cloud.results(signal, { ...rest, runId }));
  });
  app.get('/api/dead-letters', async (context) => {
    const { run: runId, ...rest } = search.parse(context.req.query());
    return context.json(await cloud.deadLetters(signal, { ...rest, runId }));
  });

  const tooLarge = () => {
    throw new UsageError(`A change has ${MAX_BODY_BYTES / 1_000} kB at most.`, 'Choose fewer jobs.');
  };
  app.post('/api/*', changesNeedToken(token), bodyLimit({ maxSize: MAX_BODY_BYTES, onError: tooLarge }));
  app.post('/api/control', async (context) => {
    // The control function checks the change, and its refusals are shown.
    const answer = await cloud.change(signal, change.parse(await context.req.json()) as Change);
    live.refresh();
    return context.json(answer as object);
  });
  app.post('/api/verify', async (context) => {
    const { runId } = verification.parse(await context.req.json());
    return context.json(await cloud.verify(signal, runId));
  });
  app.post('/api/dead-letters/retry', async (context) => {
    const selection = retrySelection.parse(await context.req.json());
    return streamAnswer(context, cloud, (onProgress) =>
      cloud.retryDeadLetters(signal, selection, onProgress),
    );
  });
  app.post('/api/dead-letters/purge', async (context) => {
    const selection = deadLetterSelection.parse(await context.req.json());
    return streamAnswer(context, cloud, (onProgress) =>
      cloud.purgeDeadLetters(signal, selection, onProgress),
    );
  });
  app.all('/api/*', (context) =>
    context.json(
      { error: { code: 'no_such_address', message: 'There is no such address.', nextStep: '' } },
      404,
    ),
  );

  app.use(serveStatic({ root: pageFolder }));
  app.get('/assets/*', (context) => context.notFound());
  // Every view of the page has an address of its own.
  app.get('*', serveStatic({ root: pageFolder, path: 'index.html' }));
  return app;
}

function streamLive(context: Context, live: Live): Response {
  const intervalSeconds = every.parse(context.req.query('every'));
  return streamSSE(context, async (stream) => {
    const events = new NewestEvents((event, data) => stream.writeSSE({ event, data: JSON.stringify(data) }));
    const leave = live.join({
      intervalSeconds,
      view: (view) => events.view(view),
      batches: (batches) => events.batches(batches),
    });
    await new Promise<void>((resolve) => stream.onAbort(resolve));
    leave();
  });
}

function streamLogs(context: Context, live: Live): Response {
  const filter = logFilter.parse(context.req.query());
  return streamSSE(context, async (stream) => {
    const leave = live.joinLogs(filter, (lines) =>
      stream.writeSSE({ event: 'lines', data: JSON.stringify(lines) }),
    );
    await new Promise<void>((resolve) => stream.onAbort(resolve));
    leave();
  });
}

/** Answers in lines of JSON (`Streamed`): messages while it works, and then the result or an error. */
function streamAnswer<Result>(
  context: Context,
  cloud: Cloud,
  work: (onProgress: (message: string) => void) => Promise<Result>,
): Response {
  context.header('Content-Type', 'application/x-ndjson');
  return stream(context, async (answer) => {
    const send = (part: Streamed<Result>) => answer.write(`${JSON.stringify(part)}\n`);
    try {
      await send({ result: await work((progress) => void send({ progress })) });
    } catch (error) {
      await send({ error: problemOf(cloud.explain(error)) });
    }
  });
}

/** @throws UsageError, because the status function would explain its pattern instead */
function runIdOf(text: string): string {
  if (RUN_ID.test(text)) return text;
  throw new UsageError(`${text} is not the ID of a run.`, 'An ID looks like this: 20261123-214512-k3f9');
}

/** The error of a request that makes no sense; undefined for another error. */
function wrongInput(error: Error): UsageError | undefined {
  if (error instanceof SyntaxError) return new UsageError('A change is a JSON document.', '');
  if (!(error instanceof z.ZodError)) return undefined;
  const [issue] = error.issues;
  return new UsageError(`${issue?.path.join('.') || 'input'}: ${issue?.message}.`, '');
}
