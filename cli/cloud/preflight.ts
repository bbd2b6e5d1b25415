import { isDeepStrictEqual } from 'node:util';
import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import type { Mapping } from '../../functions/core/results/mapping.ts';
import { indexOf, type Settings } from '../../infra-cdk/settings/settings.ts';
import { withoutCredentials } from '../../local/elasticsearch/own-elasticsearch.ts';
import { askAboutMapping, mappingOfIndex } from '../job/ask-elasticsearch.ts';
import { checkTypes } from '../job/check-types.ts';
import { type DeployableJob, readJob } from '../job/load-job.ts';
import { CommandError } from '../terminal/errors.ts';
import { counted, localTime, sentence } from '../terminal/format.ts';
import type { Call } from './call.ts';
import type { Deployment } from './deployment.ts';
import { readStatus, type Status } from './invoke.ts';
import { elasticsearchUrlFromHost } from './target.ts';

/** What is known before a deployment changes anything. */
export interface Preflight {
  job: DeployableJob;
  /** The run that is active, if the deployed system could be asked. */
  activeRun?: ActiveRun;
  /** What the active run will do with the new job. One sentence each. */
  warnings: string[];
}

export interface ActiveRun {
  runId: string;
  /** Jobs that are enqueued and not yet counted. */
  queuedJobs: number;
  /** ISO 8601. */
  nextTickAt: string | null;
}

/**
 * Checks what can be checked before anything is deployed: the job's types, that the job can be loaded, and that
 * Elasticsearch takes its mapping. Finds out whether a run is active.
 * @throws CommandError `type_errors`, `wrong_job`, `mapping_refused` or `mapping_differs`
 */
export async function preflight(
  call: Call,
  settings: Settings,
  deployed: Deployment | undefined,
): Promise<Preflight> {
  const [types, loaded, status, used] = await Promise.allSettled([
    checkTypes(settings.jobFile, call.signal),
    readJob(settings.jobFile),
    deployed && readStatus(deployed, call.signal),
    deployed && readDeployedJob(deployed, call.signal),
  ]);
  call.signal.throwIfAborted();
  // Type errors say more than the error of a file that cannot be loaded because of them.
  if (types.status === 'rejected') throw types.reason;
  if (loaded.status === 'rejected') throw loaded.reason;
  const job = loaded.value;
  await requireMapping(call, settings, job);
  // An older system may have no such function, or another one. Its deployment must not fail because of that.
  const activeRun = status.status === 'fulfilled' ? activeRunOf(status.value) : undefined;
  const deployedJob = used.status === 'fulfilled' ? used.value : undefined;
  return {
    job,
    ...(activeRun && { activeRun }),
    warnings: activeRun && deployedJob ? differences(activeRun, deployedJob, job) : [],
  };
}

/** Tells the user what a deployment means for the active run. */
export function activeRunText({ runId, queuedJobs, nextTickAt }: ActiveRun): string {
  const next = nextTickAt === null ? '' : ` The next tick is at ${localTime(nextTickAt)}.`;
  const queued =
    queuedJobs === 0 ? 'no jobs are' : queuedJobs === 1 ? '1 job is' : `${counted(queuedJobs, 'job')} are`;
  return `Run ${runId} is active: ${queued} queued. The running version finishes its batches; the new one takes the rest.${next}`;
}

function activeRunOf(status: Status | undefined): ActiveRun | undefined {
  if (!status?.running || status.runId === null) return undefined;
  const { runId, enqueued, processed, failed, nextTickAt } = status;
  return { runId, queuedJobs: enqueued - processed - failed, nextTickAt };
}

/** The job's kind and mapping, as the deployed `control` has them; undefined for a system that does not say. */
export type DeployedJob = Pick<DeployableJob, 'list' | 'mapping'>;

async function readDeployedJob(
  { target, functions }: Deployment,
  abortSignal: AbortSignal,
): Promise<DeployedJob | undefined> {
  const command = new GetFunctionConfigurationCommand({ FunctionName: functions.control });
  const { Environment } = await target.clients.lambda.send(command, { abortSignal });
  const { DRUMLINE_LIST: list, DRUMLINE_MAPPING: mapping } = Environment?.Variables ?? {};
  return list && mapping ? { list: list === 'true', mapping: JSON.parse(mapping) } : undefined;
}

/** What will go wrong in the active run, because the new job differs from the one that it was started for. */
export function differences({ runId }: ActiveRun, before: DeployedJob, after: DeployedJob): string[] {
  const advice = 'Stop the run, deploy, and start a new run.';
  if (before.list && !after.list)
    return [
      `Run ${runId} takes its items from a list, but the new job has none: its ticks will be missed. ${advice}`,
    ];
  if (!before.list && after.list)
    return [
      `Run ${runId} has numbered jobs, but the new job has a list: its jobs will get numbers as items. ${advice}`,
    ];
  if (isDeepStrictEqual(before.mapping.output, after.mapping.output)) return [];
  return [
    `Run ${runId} was started with another output mapping: new fields are not searchable before the next start, and ` +
      'documents that do not fit the index become dead letters.',
  ];
}

/** @throws CommandError when Elasticsearch refuses the job's mapping; if it cannot be asked from here, nothing happens */
async function requireMapping(
  { target }: Call,
  settings: Settings,
  { mapping }: DeployableJob,
): Promise<void> {
  // A key in Secrets Manager is the functions', not the user's.
  if (settings.elasticsearchApiKeySecret !== '') return;
  const url = elasticsearchUrlFromHost(target, settings.elasticsearchUrl);
  const index = indexOf(settings);
  const [verdict, existing] = await Promise.all([
    askAboutMapping(url, mapping),
    settings.indexMonthly ? undefined : mappingOfIndex(url, index),
  ]);
  if (verdict?.accepted === false) {
    throw new CommandError(
      'mapping_refused',
      `Elasticsearch at ${withoutCredentials(url)} refuses the mapping of the job's output: ${sentence(verdict.reason)} Nothing was deployed.`,
      `Correct "output" in ${settings.jobFile}.`,
    );
  }
  const conflict = existing && mappingConflict(existing, mapping);
  if (!conflict) return;
  throw new CommandError(
    'mapping_differs',
    `The index ${index} maps ${conflict.field} as ${conflict.actual}, the job as ${conflict.expected}. Nothing was deployed.`,
    'The type of an existing field cannot be changed: choose another index (-c index=NAME), or delete this one.',
  );
}

type Property = Mapping['output'];

/** The first field that an index maps differently. Fields that are missing in the index can be added. */
export function mappingConflict(
  existing: Readonly<Record<string, Property>> | Partial<Mapping>,
  wanted: Readonly<Record<string, Property>> | Mapping,
  path = '',
): { field: string; actual: string; expected: string } | undefined {
  for (const [name, property] of Object.entries(wanted) as [string, Property][]) {
    const found = (existing as Record<string, Property>)[name];
    if (!found) continue;
    const field = `${path}${name}`;
    const [actual, expected] = [found.type ?? 'object', property.type ?? 'object'];
    if (actual !== expected) return { field, actual, expected };
    const inner = 'properties' in property && property.properties;
    const innerFound = ('properties' in found && found.properties) || {};
    const conflict = inner && mappingConflict(innerFound, inner, `${field}.`);
    if (conflict) return conflict;
  }
  return undefined;
}
