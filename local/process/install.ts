import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A folder of installed software that is either whole and of this version, or made anew. */
export type Installation = {
  readonly folder: string;
  /** Digest of what it is made from, for a folder that holds it; undefined if that folder can't be whole. */
  readonly version: (folder: string) => Promise<string | undefined>;
  /** Fills an empty folder, which is given its final name afterwards. */
  readonly build: (folder: string) => Promise<void>;
};

const STAMP = '.installed';
const BUILDING = '.building-';

export async function isInstalled({ folder, version }: Installation): Promise<boolean> {
  if (!existsSync(join(folder, STAMP))) return false;
  return (await readFile(join(folder, STAMP), 'utf8')) === (await version(folder));
}

/**
 * Builds beside the final place, stamps what is complete, and only then gives it its name: an installation that was
 * interrupted, at whatever point, is never taken for a finished one.
 */
export async function install({ folder, version, build }: Installation): Promise<void> {
  const building = await mkdtemp(folder + BUILDING);
  try {
    await build(building);
    await writeFile(join(building, STAMP), (await version(building)) ?? '');
    await rm(folder, { recursive: true, force: true });
    await rename(building, folder);
  } catch (error) {
    await remove(building);
    throw error;
  }
}

/** Removes what interrupted installations have left in this folder; nobody else may be installing there. */
export async function removeAbandoned(root: string): Promise<void> {
  const abandoned = (await readdir(root)).filter((name) => name.includes(BUILDING));
  await Promise.all(abandoned.map((name) => remove(join(root, name))));
}

/** A package manager whose parent was killed may still be writing there; what it leaves is removed the next time. */
async function remove(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
}
