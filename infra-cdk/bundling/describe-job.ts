import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildFailure, build } from 'esbuild';
import type { Job } from '../../functions/core/job/job.ts';
import { PROJECT } from '../settings/settings.ts';
import { esbuildOptions } from './esbuild-options.ts';
import { descriptionOf, type JobDescription, JobError } from './job-description.ts';

/**
 * Imports a job file and describes its job. The code outside of the job's functions runs, without the variables of
 * `needs.environment`.
 * @param jobFile its path, relative to the project folder
 * @throws JobError when it cannot be built or imported, or its job is wrong
 */
export async function describeJob(jobFile: string): Promise<JobDescription> {
  return descriptionOf(await importJob(jobFile));
}

/**
 * Imports the default export of a job file, built as in the functions' bundles: `#drumline` is this project's, wherever
 * the file is.
 * @param jobFile its path, relative to the project folder
 * @throws JobError when it cannot be built or imported
 */
export async function importJob(jobFile: string): Promise<Job> {
  const folder = await mkdtemp(join(tmpdir(), 'drumline-job-'));
  // A new name each time, because Node.js imports a file only once.
  const file = join(folder, 'job.mjs');
  try {
    const { code, map } = await buildJob(jobFile, file);
    await writeFile(file, code);
    const { default: job } = await import(pathToFileURL(file).href).catch((error) => {
      throw new JobError([`failed when it was imported: ${whatAndWhere(error, file, map)}`]);
    });
    return job;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param outfile where the code will be, which the source map needs @throws JobError with the errors in the code */
async function buildJob(jobFile: string, outfile: string): Promise<{ code: string; map: string }> {
  try {
    const { outputFiles } = await build({
      ...esbuildOptions(jobFile),
      entryPoints: [resolve(PROJECT, jobFile)],
      outfile,
      minify: false,
      sourcemap: 'external',
      sourcesContent: false,
      logLevel: 'silent',
    });
    const [map, code] = outputFiles.map(({ text }) => text);
    return { code: code ?? '', map: map ?? '' };
  } catch (error) {
    const { errors } = error as BuildFailure;
    if (!errors) throw error;
    throw new JobError(
      errors.map(({ text, location }) =>
        location
          ? `${shown(resolve(PROJECT, location.file))}:${location.line}:${location.column + 1}: ${text}`
          : text,
      ),
    );
  }
}

/** An error in one line, with the place in the user's files where it was thrown. */
function whatAndWhere(error: unknown, file: string, map: string): string {
  const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  const sourceMap = new SourceMap(JSON.parse(map));
  const places = [...stack.matchAll(/job\.mjs:(\d+):(\d+)/g)].flatMap(([, line, column]) => {
    const origin = sourceMap.findOrigin(Number(line), Number(column));
    if (!('fileName' in origin)) return [];
    return [{ ...origin, source: resolve(dirname(file), origin.fileName) }];
  });
  const own = places.find(({ source }) => !source.includes('node_modules'));
  const where = own ? ` (${shown(own.source)}:${own.lineNumber}:${own.columnNumber})` : '';
  return `${name}: ${message.split('\n')[0]}${where}`;
}

/** A file as its user would name it. */
function shown(file: string): string {
  const fromProject = relative(PROJECT, file);
  return fromProject.startsWith('..') || isAbsolute(fromProject) ? file : fromProject;
}
