import { isDeepStrictEqual } from 'node:util';
import { type Command, InvalidArgumentError } from 'commander';
import { checkItem } from '../../functions/core/items/check-item.ts';
import type { Job, JobLog } from '../../functions/core/job/job.ts';
import type { ItemEntry } from '../../functions/core/model/item.ts';
import { storedValue } from '../../functions/core/results/mapping.ts';
import { action, type Call } from '../cloud/call.ts';
import { environmentFor, missingSecrets } from '../cloud/job-environment.ts';
import { renderLogLine } from '../cloud/log-line.ts';
import { effectiveSettings, readAssignments } from '../cloud/settings.ts';
import { elasticsearchUrlFromHost } from '../cloud/target.ts';
import { askAboutDocument } from '../job/ask-elasticsearch.ts';
import { itemAt } from '../job/item-at.ts';
import { type LoadedJob, loadJob } from '../job/load-job.ts';
import { mappingProblems } from '../job/mapping-problems.ts';
import { type Frame, projectFrames } from '../job/project-frames.ts';
import { divertStdout } from '../job/stdout.ts';
import { type Tried, tryJob } from '../job/try-job.ts';
import { printable } from '../terminal/format.ts';
import { contextOption, int } from '../terminal/options.ts';

interface Options {
  index: number;
  item?: unknown;
  job?: string;
  context?: string[];
}

/** Maximum index: a list has at most ten million items. */
const MAX_INDEX = 9_999_999;

export function register(program: Command): void {
  program
    .command('try')
    .summary('run one job here, without a cloud')
    .description(
      'Runs one job of your job file in this process, without a deployment. Prints the item, the output, the duration ' +
        'and the log lines, and says whether the output could be stored. A list is read as far as the index. Exits ' +
        'with 1 if the job fails or its output cannot be stored.',
    )
    .option(
      '--index <n>',
      'position of the item in the list, or of the job in its tick',
      int(0, MAX_INDEX),
      0,
    )
    .option('--item <json>', 'the item itself, as JSON; the list is not read', json)
    .option('--job <file>', 'the job file, relative to the project folder (setting jobFile)')
    .addOption(contextOption())
    .addHelpText(
      'after',
      `
The variables under needs.environment are set, unless the shell has them. Secrets are read from variables of their names.
AWS calls go where the shell's AWS variables say. If the shell has none, they go to the local cloud.

Examples:
  npx drumline try --index 17
  npx drumline try --item '{"id":"c-17","url":"https://example.com"}'
  npx drumline try --job examples/scores/job.ts --json`,
    )
    .action(action(run));
}

async function run(call: Call, options: Options): Promise<number> {
  const { output, target, signal } = call;
  const given = { ...readAssignments(options.context ?? []), ...(options.job && { jobFile: options.job }) };
  const settings = effectiveSettings({
    ...given,
    ...(target.name === 'local' && { elasticsearchUrl: target.home.elasticsearchUrl }),
  });
  const { jobFile, workMs, consumerTimeoutSeconds } = settings;
  const restore = divertStdout();
  const lines: { level: string; message: string }[] = [];
  const log = logOn(call, (line) => lines.push(line));
  try {
    process.env.DRUMLINE_WORK_MS ??= String(workMs);
    const loaded = await prepare(call, jobFile);
    const { job } = loaded;
    const interrupted = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
    );
    const { jobId, index, entry } = await Promise.race([choose(job, options, signal), interrupted]);
    const schema = await schemaOf(job, entry);
    const trial = { jobId, index, entry, timeoutMs: consumerTimeoutSeconds * 1_000, log };
    const tried = await Promise.race([tryJob(job, trial), interrupted]);
    const stored = tried.ok
      ? await storageOf(
          loaded,
          entry,
          tried.output,
          elasticsearchUrlFromHost(target, settings.elasticsearchUrl),
        )
      : undefined;
    restore();
    const report = reportOf(jobFile, { jobId, index, entry, schema, tried, stored, lines });
    output.result(report, () => textOf(report, call));
    return report.ok ? 0 : 1;
  } finally {
    restore();
  }
}

/** Loads the job with its environment, and says what it gets. */
async function prepare({ output, target }: Call, jobFile: string): Promise<LoadedJob> {
  const { yellow, dim } = output.messageColors;
  const first = await loadJob(jobFile);
  for (const name of missingSecrets(first.needs, process.env))
    output.say(yellow(`The secret ${name} is read from the variable ${name} here, which is not set.`));
  const added = environmentFor(first.needs, target, process.env);
  Object.assign(process.env, added);
  if (added.AWS_ENDPOINT_URL) output.say(dim(`AWS calls of the job go to ${added.AWS_ENDPOINT_URL}.`));
  // The file may read its variables when it is loaded, as it does in a function.
  const reads = Object.keys(first.needs?.environment ?? {}).some((name) => name in added);
  return reads ? loadJob(jobFile) : first;
}

/** The job to try: its jobId, its index in the tick, and its item. */
async function choose(job: Job, { index, item }: Options, signal: AbortSignal) {
  if (item !== undefined) {
    const isJobId = !job.items && !job.item && Number.isSafeInteger(item) && (item as number) > 0;
    const jobId = isJobId ? (item as number) : index + 1;
    return { jobId, index: jobId - 1, entry: { item } as ItemEntry };
  }
  const entry: ItemEntry = job.items ? await itemAt(job.items, index, signal) : { item: index + 1 };
  return { jobId: index + 1, index, entry };
}

/** Whether the item fits the job's schema. */
async function schemaOf(job: Job, entry: ItemEntry): Promise<string> {
  if ('problem' in entry) return entry.problem;
  if (!job.item) return 'none';
  try {
    const checked = await checkItem(job.item, entry.item);
    if ('problem' in checked) return checked.problem;
    return isDeepStrictEqual(checked.value, entry.item) ? 'fits' : 'fits, and changes the item for run';
  } catch (error) {
    return `fails: ${String(error)}`;
  }
}

interface Storage {
  ok: boolean;
  problems: string[];
  elasticsearch: 'accepted' | 'refused' | 'not asked';
}

/** Whether the results index would take the output. */
async function storageOf(
  { mapping }: LoadedJob,
  entry: ItemEntry,
  output: unknown,
  url: string,
): Promise<Storage> {
  const item = 'item' in entry ? entry.item : null;
  // As JSON: a date becomes text, and fields without a value vanish.
  const json: unknown = JSON.parse(JSON.stringify(output));
  const stored = {
    item: storedValue('item', mapping.item, item),
    output: storedValue('output', mapping.output, json),
  };
  const unstorable = Object.values(stored).flatMap((each) => ('problem' in each ? [each.problem] : []));
  if (unstorable.length > 0) return { ok: false, problems: unstorable, elasticsearch: 'not asked' };
  const document = Object.fromEntries(
    Object.entries(stored).map(([name, each]) => [name, 'value' in each ? each.value : null]),
  );
  const verdict = await askAboutDocument(url, mapping, document);
  if (verdict) {
    const problems = verdict.accepted ? [] : [verdict.reason];
    return { ok: verdict.accepted, problems, elasticsearch: verdict.accepted ? 'accepted' : 'refused' };
  }
  const problems = mappingProblems('output', document.output, mapping.output);
  return { ok: problems.length === 0, problems, elasticsearch: 'not asked' };
}

interface Parts {
  jobId: number;
  index: number;
  entry: ItemEntry;
  schema: string;
  tried: Tried;
  stored: Storage | undefined;
  lines: object[];
}

/** The command's result: `output` and `stored`, or `error`. */
interface Report {
  ok: boolean;
  job: string;
  jobId: number;
  index: number;
  item?: unknown;
  schema: string;
  durationMs: number;
  log: object[];
  output?: unknown;
  stored?: Storage;
  error?: { code: 'job_failed'; message: string; permanent: boolean; stack: Frame[] };
}

function reportOf(job: string, { jobId, index, entry, schema, tried, stored, lines }: Parts): Report {
  const { durationMs } = tried;
  const ok = tried.ok && (stored?.ok ?? false);
  const item = 'item' in entry && { item: entry.item };
  const report = { ok, job, jobId, index, ...item, schema, durationMs, log: lines };
  if (tried.ok) return { ...report, output: tried.output, ...(stored && { stored }) };
  const { reason: message, permanent, thrown } = tried;
  return { ...report, error: { code: 'job_failed', message, permanent, stack: projectFrames(thrown) } };
}

function textOf(report: Report, { output }: Call): string {
  const { green, red, dim } = output.colors;
  const item = 'item' in report ? JSON.stringify(report.item) : '–';
  const rows: [string, string][] = [
    ['job', `${report.job}, index ${report.index}, jobId ${report.jobId}`],
    ['item', item],
    ['schema', report.schema],
    ['duration', `${report.durationMs} ms`],
  ];
  if (report.error) {
    const { message, permanent, stack } = report.error;
    const fate = permanent ? 'permanent: a dead letter at once' : 'retried later, up to maxAttempts attempts';
    rows.push(['failed', `${red(printable(message))} (${fate})`]);
    for (const { name, place } of stack) rows.push(['', dim(`at ${name ? `${name} (${place})` : place}`)]);
  } else {
    rows.push(['output', JSON.stringify(report.output)]);
    rows.push(['stored', storedText(report.stored, output.colors)]);
  }
  const mark = report.ok ? green('✔ The job works.') : red('✖ The job would not be processed.');
  return [...rows.map(([name, value]) => `${name.padEnd(9)} ${value}`), mark].join('\n');
}

function storedText(stored: Storage | undefined, { red }: Call['output']['colors']): string {
  if (!stored) return '–';
  if (!stored.ok) return red(`no: ${stored.problems.map(printable).join('; ')} (a dead letter)`);
  return stored.elasticsearch === 'accepted'
    ? 'yes, says Elasticsearch'
    : 'yes, as far as can be checked without Elasticsearch (start it: npx drumline up)';
}

/** A logger that prints each line at once, and passes it on. */
function logOn({ output }: Call, keep: (line: { level: string; message: string }) => void): JobLog {
  const write =
    (level: string) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      keep({ level, message, ...fields });
      const time = new Date().toISOString();
      const line = { function: 'consumer' as const, time, level, message, fields, text: message };
      output.say(renderLogLine(line, output.messageColors));
    };
  return { debug: write('DEBUG'), info: write('INFO'), warn: write('WARN'), error: write('ERROR') };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError(`It must be JSON, such as '{"id":"c-17"}' or 17.`);
  }
}
