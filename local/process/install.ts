import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A folder of installed software. It is either complete and of this version, or is installed again. */
export type Installation = {
  readonly folder: string;
  /** Digest of what the software is built from, for this folder. Undefined if the folder can't be complete. */
  readonly version: (folder: string) => Promise<string | undefined>;
  /** Installs into an empty folder, which gets its final name afterwards. */
  readonly build: (folder: string) => Promise<void>;
};

const VERSION_FILE = '.installed';
const UNFINISHED = '.building-';

export async function isInstalled({ folder, version }: Installation): Promise<boolean> {
  if (!existsSync(join(folder, VERSION_FILE))) return false;
  return (await readFile(join(folder, VERSION_FILE), 'utf8')) === (await version(folder));
}

/**
 * Builds in a folder beside the final one, writes the version, and renames the folder last. So an installation that was
 * interrupted never counts as complete.
 */
export async function install({ folder, version, build }: Installation): Promise<void> {
  const building = await mkdtemp(folder + UNFINISHED);
  try {
    await build(building);
    await writeFile(join(building, VERSION_FILE), (await version(building)) ?? '');
    await rm(folder, { recursive: true, force: true });
    await rename(building, folder);
  } catch (error) {
    await remove(building);
    throw error;
  }
}

/** Removes interrupted installations from this folder. No other installation may be running there. */
export async function removeUnfinished(root: string): Promise<void> {
  const unfinished = (await readdir(root)).filter((name) => name.includes(UNFINISHED));
  await Promise.all(unfinished.map((name) => remove(join(root, name))));
}

/** A package manager whose parent was killed may still write to the folder. Its files are removed the next time. */
async function remove(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
}
