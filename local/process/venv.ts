import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Installation } from './install.ts';
import { runTool } from './run-tool.ts';

/**
 * A Python virtual environment with pinned packages.
 * @param requirements files in pip's format; every package has a hash
 * @param python the interpreter that creates the environment; not needed afterwards
 */
export function venvInstallation(
  folder: string,
  requirements: readonly string[],
  python = 'python3',
  signal?: AbortSignal,
): Installation {
  return {
    folder,
    async version(venv) {
      const interpreter = pythonOf(venv);
      if (!existsSync(interpreter)) return undefined;
      const hash = createHash('sha256');
      for (const file of requirements) hash.update(await readFile(file));
      // After an upgrade of the system's Python the packages are still in the folder of the old version.
      return hash.update(await realpath(interpreter)).digest('hex');
    },
    async build(venv) {
      const options = { environment: pipEnvironment(), signal };
      // Two steps, because venv hides the error messages of its pip.
      await runTool(python, ['-m', 'venv', '--without-pip', venv], options);
      await runTool(pythonOf(venv), ['-m', 'ensurepip', '--default-pip'], options);
      // Python compiles what it imports. Compiling every module of every package here would take longer than the rest.
      const flags = ['--require-hashes', '--no-input', '--disable-pip-version-check', '--no-compile'];
      const files = requirements.flatMap((file) => ['-r', file]);
      await runTool(pythonOf(venv), ['-m', 'pip', 'install', ...flags, ...files], options);
    },
  };
}

/** The interpreter of a virtual environment. */
export function pythonOf(venv: string): string {
  return join(venv, 'bin', 'python');
}

/** The caller's environment (proxies, mirrors) without the variables that would install the packages elsewhere. */
function pipEnvironment(): NodeJS.ProcessEnv {
  const { PYTHONHOME, PYTHONPATH, PIP_TARGET, PIP_PREFIX, PIP_ROOT, ...rest } = process.env;
  return { ...rest, PIP_USER: '0' };
}
