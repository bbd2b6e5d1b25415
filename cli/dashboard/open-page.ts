import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import open from 'open';

/**
 * Opens an address in the browser. The command line of a browser is visible to all users of a machine. So an address with a
 * token goes through a file that only the user can read, and that sends the browser on. A browser on Windows cannot read the
 * files of a Linux below it, which has no other users.
 * @param folder for the file
 * @returns removes the file; undefined if there is no browser
 */
export async function openPage(
  address: string,
  folder: string,
  openInBrowser: (address: string) => Promise<unknown> = startBrowser,
): Promise<(() => Promise<void>) | undefined> {
  const isSecret = address.includes('#') && !process.env.WSL_DISTRO_NAME;
  // mkdtemp makes a folder that nobody else can enter.
  const hidden = isSecret ? await mkdtemp(join(folder, 'dashboard-')) : undefined;
  const remove = async () => {
    if (hidden) await rm(hidden, { recursive: true, force: true });
  };
  try {
    if (!hidden) await openInBrowser(address);
    else {
      const file = join(hidden, 'open.html');
      await writeFile(file, redirectTo(address), { mode: 0o600 });
      await openInBrowser(pathToFileURL(file).href);
    }
    return remove;
  } catch {
    await remove();
    return undefined;
  }
}

function redirectTo(address: string): string {
  return (
    '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>Drumline</title>' +
    `<meta http-equiv="refresh" content="0;url=${address}"><a href="${address}">Open the dashboard</a>\n`
  );
}

/** How long a browser that cannot be started has to say so, in milliseconds. */
const START_MS = 1_000;

/** @throws if no browser can be started */
async function startBrowser(address: string): Promise<void> {
  const child = await open(address);
  await new Promise<void>((resolve, reject) => {
    const isFine = setTimeout(resolve, START_MS);
    const end = (settle: () => void) => {
      clearTimeout(isFine);
      settle();
    };
    child.once('error', (error) => end(() => reject(error)));
    child.once('exit', (code) => end(() => (code ? reject(new Error(`exit code ${code}`)) : resolve())));
  });
}
