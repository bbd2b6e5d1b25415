import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UserError } from './base/user-error.ts';
import { hasJavaPackage, systemJava } from './java/java.ts';

const run = promisify(execFile);

/** The programs the local cloud is built from. */
export type RequirementName = 'Node.js' | 'Python' | 'Java';

/** A required program: `path` and the version `found` if this machine has a suitable one, else the `problem`. */
export type Requirement = {
  readonly name: RequirementName;
  /** For people, such as `3.10 or newer, with venv`. */
  readonly needs: string;
  readonly install: { readonly debian: string; readonly macos: string };
} & (
  | { readonly ok: true; readonly found: string; readonly path: string }
  | { readonly ok: false; readonly found?: string; readonly problem: string }
);

type Probe = { found: string; path: string };

type Rule = {
  readonly needs: string;
  readonly atLeast: readonly [major: number, minor: number];
  readonly install: { readonly debian: string; readonly macos: string };
  /** Finds the program; throws an `Error` in words for people if it is not there or does not work. */
  readonly probe: () => Promise<Probe>;
};

const RULES: Record<RequirementName, Rule> = {
  'Node.js': {
    needs: '20.19 or newer',
    atLeast: [20, 19],
    install: { debian: 'nvm install 22', macos: 'brew install node@22' },
    probe: async () => ({ found: process.versions.node, path: process.execPath }),
  },
  Python: {
    needs: '3.10 or newer, with venv',
    atLeast: [3, 10],
    install: { debian: 'sudo apt-get install -y python3 python3-venv', macos: 'brew install python@3.13' },
    probe: probePython,
  },
  // Only on platforms without the Java package; see hasJavaPackage.
  Java: {
    needs: '17 or newer',
    atLeast: [17, 0],
    install: { debian: 'sudo apt-get install -y default-jre-headless', macos: 'brew install openjdk@21' },
    probe: probeJava,
  },
};

/** The programs that the local cloud needs on this platform. */
const EVERYTHING: readonly RequirementName[] = hasJavaPackage()
  ? ['Node.js', 'Python']
  : ['Node.js', 'Python', 'Java'];

/** Looks for the named programs, all at once; never throws for one that is missing. */
export function checkRequirements(names: readonly RequirementName[] = EVERYTHING): Promise<Requirement[]> {
  return Promise.all(names.map(check));
}

async function check(name: RequirementName): Promise<Requirement> {
  const { needs, atLeast, install, probe } = RULES[name];
  try {
    const { found, path } = await probe();
    if (isAtLeast(found, atLeast)) return { name, needs, install, ok: true, found, path };
    return { name, needs, install, ok: false, found, problem: `${path} is ${found}` };
  } catch (error) {
    return { name, needs, install, ok: false, problem: (error as Error).message };
  }
}

/**
 * @returns where each program lies
 * @throws UserError that names everything that is missing, and the commands that install it
 */
export function requireAll(requirements: readonly Requirement[]): Partial<Record<RequirementName, string>> {
  const missing = requirements.filter((requirement) => !requirement.ok);
  if (missing.length > 0) throw new UserError(missingSentence(missing), installSentence(missing));
  return Object.fromEntries(requirements.map((found) => [found.name, found.ok ? found.path : undefined]));
}

function missingSentence(missing: readonly Requirement[]): string {
  const each = missing.map(
    (requirement) =>
      `${requirement.name} ${requirement.needs} (${requirement.ok ? '' : requirement.problem})`,
  );
  return `The local cloud needs what this machine does not have: ${each.join('; ')}.`;
}

function installSentence(missing: readonly Requirement[]): string {
  if (process.platform === 'win32') {
    return 'Drumline runs in the Windows Subsystem for Linux: run "wsl --install", then Drumline inside it.';
  }
  const commands = (system: 'debian' | 'macos') =>
    missing.map((requirement) => `  ${requirement.install[system]}`).join('\n');
  return `Install it and run the command again.\nDebian/Ubuntu:\n${commands('debian')}\nmacOS:\n${commands('macos')}`;
}

/** Reads the leading `major.minor` of a version such as `17.0.15`, `21`, `25-ea` or the old `1.8.0_402`. */
export function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const parts = /^(\d+)(?:\.(\d+))?/.exec(version);
  if (!parts) return false;
  const [foundMajor, foundMinor] = [Number(parts[1]), Number(parts[2] ?? 0)];
  return foundMajor > major || (foundMajor === major && foundMinor >= minor);
}

/** The version that `java -version` prints, or undefined. */
export function printedVersion(output: string): string | undefined {
  return /version "(\d[\w.+-]*)/.exec(output)?.[1];
}

// Debian's python3 lacks ensurepip until python3-venv is installed, and `python3 -m venv` then fails half-way.
const PYTHON_FACTS = `import sys, platform, importlib.util
has_venv = all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))
print(platform.python_version(), "venv" if has_venv else "no-venv", sys.executable)`;

async function probePython(): Promise<Probe> {
  let best: Probe | undefined;
  let problem = 'no python3 on the PATH';
  for (const command of ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python']) {
    const output = await outputOf(command, ['-c', PYTHON_FACTS]).catch(() => '');
    const [found, venv, ...path] = output.trim().split(' ');
    if (!found || path.length === 0) continue;
    const probe = { found, path: path.join(' ') };
    if (!isAtLeast(found, RULES.Python.atLeast)) best ??= probe;
    else if (venv === 'venv') return probe;
    else problem = `${probe.path} is ${found} but has no venv module`;
  }
  if (best && problem.startsWith('no ')) return best;
  throw new Error(problem);
}

async function probeJava(): Promise<Probe> {
  const path = systemJava();
  const found = await outputOf(path, ['-version']).then(printedVersion, () => undefined);
  if (!found) throw new Error(`no working java ${process.env.JAVA_HOME ? `at ${path}` : 'on the PATH'}`);
  return { found, path };
}

/** Standard output and error together: `java -version` prints to the latter. */
async function outputOf(command: string, args: string[]): Promise<string> {
  const { stdout, stderr } = await run(command, args, { timeout: 30_000 });
  return stdout + stderr;
}
