import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { BuildFailure } from 'esbuild';
import { UserError } from '../../local/base/user-error.ts';
import { checkTypes } from '../job/check-types.ts';
import { readJob } from '../job/load-job.ts';
import { elapsed } from '../terminal/format.ts';
import type { Call } from './call.ts';
import { Bundler, updateCode } from './code-update.ts';
import { type Deployed, deploy } from './deploy.ts';
import { effectiveSettings, type GivenSettings } from './settings.ts';

/** An editor may write a file in several steps. */
const SETTLE_MS = 30;

/**
 * Deploys each edit of the job file, and of what it imports in the project, until the signal aborts. Only the code of the
 * functions that run it is replaced. If the job's list, mapping or needs change, the stack is deployed.
 * @param since when `first` was begun, in milliseconds since 1970: an edit after that is deployed at once
 */
export async function watchJob(
  call: Call,
  given: GivenSettings,
  first: Deployed,
  since: number,
): Promise<void> {
  const { output, signal } = call;
  const { jobFile } = effectiveSettings(given);
  const bundler = await Bundler.open(jobFile);
  const changes = new Changes();
  let { deployment, preflight } = first;
  try {
    const { files } = await bundler.build();
    changes.watch(files);
    await changes.findSince(since);
    output.say(`Watching ${jobFile} and its imports. Ctrl-C ends.`);
    for (;;) {
      const changedAt = await changes.next(signal);
      if (changedAt === undefined) return;
      try {
        const [built, job] = await Promise.all([
          bundler.build(),
          readJob(jobFile),
          checkTypes(jobFile, signal),
        ]);
        changes.watch(built.files);
        if (isDeepStrictEqual(job, preflight.job)) await updateCode(deployment, built.bundles, signal);
        else ({ deployment, preflight } = await deploy(call, given));
        output.say(
          `${output.messageColors.green('✔')} New code runs ${elapsed(Date.now() - changedAt)} after the edit.`,
        );
      } catch (error) {
        if (signal.aborted) return;
        output.say(output.messageColors.red(problemIn(error)));
      }
    }
  } finally {
    changes.close();
    await bundler.close();
  }
}

/** An error of the user's, which the next edit may correct. @throws every other error */
function problemIn(error: unknown): string {
  if (error instanceof UserError) return error.message;
  const { errors } = error as BuildFailure;
  if (!errors) throw error;
  return errors
    .map(({ location: at, text }) => (at ? `${at.file}:${at.line}:${at.column + 1}: ${text}` : text))
    .join('\n');
}

/** Changes of files. Folders are watched, because editors replace files. */
class Changes {
  readonly #watchers = new Map<string, FSWatcher>();
  #files = new Set<string>();
  #changed = new Set<string>();
  #wake: () => void = () => {};

  /** Watches these files from now on. @param files absolute paths */
  watch(files: readonly string[]): void {
    this.#files = new Set(files);
    for (const folder of new Set(files.map(dirname))) {
      if (this.#watchers.has(folder)) continue;
      const watcher = watch(folder, (_event, name) => {
        const file = resolve(folder, name ?? '');
        if (!this.#files.has(file)) return;
        this.#changed.add(file);
        this.#wake();
      });
      this.#watchers.set(folder, watcher);
    }
  }

  /** Counts the files that were saved after a time, in milliseconds since 1970, as changed. */
  async findSince(time: number): Promise<void> {
    for (const file of this.#files) if ((await savedAt(file)) > time) this.#changed.add(file);
  }

  /** Waits for a change. @returns when a file was saved, in milliseconds since 1970; undefined once the signal aborts */
  async next(signal: AbortSignal): Promise<number | undefined> {
    const stop = () => this.#wake();
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (this.#changed.size === 0 && !signal.aborted)
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      if (signal.aborted) return undefined;
      const changed = [...this.#changed];
      this.#changed.clear();
      return Math.max(...(await Promise.all(changed.map(savedAt))));
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
  }
}

/** When a file was saved, in milliseconds since 1970; now if it was deleted. */
async function savedAt(file: string): Promise<number> {
  return stat(file).then(({ mtimeMs }) => mtimeMs, Date.now);
}
