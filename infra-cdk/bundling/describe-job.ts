import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
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
  // Errors then name lines of the job file.
  process.setSourceMapsEnabled(true);
  const folder = await mkdtemp(join(tmpdir(), 'drumline-job-'));
  const file = join(folder, 'job.mjs');
  try {
    await writeFile(file, await buildJob(jobFile, file));
    return (await import(pathToFileURL(file).href)).default;
  } catch (error) {
    throw error instanceof JobError
      ? error
      : new JobError([`failed when it was imported: ${whatAndWhere(error)}`]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param outfile where the code will be, which the source map needs @throws JobError with the errors in the code */
async function buildJob(jobFile: string, outfile: string): Promise<string> {
  try {
    const { outputFiles } = await build({
      ...esbuildOptions(jobFile),
      entryPoints: [resolve(PROJECT, jobFile)],
      outfile,
      minify: false,
      sourcemap: 'inline',
      sourcesContent: false,
      logLevel: 'silent',
    });
    return outputFiles[0]?.text ?? '';
  } catch (error) {
    const { errors } = error as BuildFailure;
    if (!errors) throw error;
    throw new JobError(
      errors.map(({ text, location }) =>
        location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text,
      ),
    );
  }
}

/** An error in one line, with the place in the user's files where it was thrown. */
function whatAndWhere(error: unknown): string {
  const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  const places = [...stack.matchAll(/\(?(file:\/\/\S+|\/\S+?|[A-Z]:\\\S+?):(\d+):(\d+)\)?$/gm)].map(
    ([, path = '', line, column]) => {
      const file = path.startsWith('file:') ? fileURLToPath(path) : path;
      const fromProject = relative(PROJECT, file);
      const shown = fromProject.startsWith('..') || isAbsolute(fromProject) ? file : fromProject;
      return { file, text: ` (${shown}:${line}:${column})` };
    },
  );
  const own = places.find(({ file }) => !file.includes('node_modules') && file !== import.meta.filename);
  return `${name}: ${message.split('\n')[0]}${own?.text ?? ''}`;
}
