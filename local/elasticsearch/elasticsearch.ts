import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalHome } from '../home.ts';
import type { Installation } from '../process/install.ts';
import { runTool } from '../process/run-tool.ts';
import { type Server, startServer } from '../process/server-process.ts';

const SOURCES = import.meta.dirname;
const INPUTS = ['pom.xml', 'EsLauncher.java', 'config/elasticsearch.yml', 'config/log4j2.properties'];

// A fixed version, since Maven would take whichever is newest; this one runs on Maven 3.6.
const FETCH = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';

const HEAP = '512m';
const HEALTH_TIMEOUT_MS = 2000;

/** Elasticsearch from its published jars; `jdk` is the folder of java, javac and jar. */
export function elasticsearchInstallation(home: LocalHome, jdk = '', signal?: AbortSignal): Installation {
  return {
    folder: home.elasticsearch,
    async version() {
      const hash = createHash('sha256').update(FETCH);
      for (const input of INPUTS) hash.update(await readFile(join(SOURCES, input)));
      return hash.digest('hex');
    },
    async build(folder) {
      const lib = join(folder, 'lib');
      // --strict-checksums: a jar that does not match its published checksum is an error, not a warning.
      const quietly = ['--batch-mode', '--quiet', '--strict-checksums', '--file', join(SOURCES, 'pom.xml')];
      await runTool('mvn', [...quietly, FETCH, '-DincludeScope=runtime', `-DoutputDirectory=${lib}`], {
        signal,
      });
      await layOutTransport(folder, lib, jdk, signal);
      const classes = join(folder, 'classes');
      const javac = [
        '--release',
        '17',
        '-cp',
        join(lib, '*'),
        '-d',
        classes,
        join(SOURCES, 'EsLauncher.java'),
      ];
      await runTool(join(jdk, 'javac'), javac, { signal });
      await cp(join(SOURCES, 'config'), join(folder, 'config'), { recursive: true });
      await mkdir(join(folder, 'plugins'));
    },
  };
}

/** Elasticsearch finds its HTTP server as a module: a folder with the jars and, unpacked, the jar's own descriptor. */
async function layOutTransport(
  folder: string,
  lib: string,
  jdk: string,
  signal?: AbortSignal,
): Promise<void> {
  const module = join(folder, 'modules', 'transport-netty4');
  await mkdir(module, { recursive: true });
  const jars = (await readdir(lib)).filter((name) => /^(transport-netty4|netty)-/.test(name));
  for (const jar of jars) await rename(join(lib, jar), join(module, jar));

  const transport = jars.find((name) => name.startsWith('transport-netty4-')) ?? '';
  const descriptors = 'META-INF/es-plugins/transport-netty4';
  const unpacked = join(folder, 'unpacked');
  await mkdir(unpacked);
  const script = 'cd "$1" && "$2" xf "$3" "$4"'; // jar unpacks into its working directory, whatever its version
  await runTool(
    'sh',
    ['-c', script, 'sh', unpacked, join(jdk, 'jar'), join(module, transport), descriptors],
    { signal },
  );
  for (const name of await readdir(join(unpacked, descriptors))) {
    await copyFile(join(unpacked, descriptors, name), join(module, name));
  }
  await rm(unpacked, { recursive: true });
}

export function elasticsearchServer(home: LocalHome): Server {
  return {
    name: 'Elasticsearch',
    port: home.elasticsearchPort,
    portVariable: 'DRUMLINE_ELASTICSEARCH_PORT',
    pidFile: join(home.pids, 'elasticsearch'),
    logFile: join(home.logs, 'elasticsearch.log'),
    environment: { PATH: process.env.PATH, HOME: process.env.HOME, LANG: 'C.UTF-8' },
    isHealthy: () => isServing(home.elasticsearchUrl),
    startDeadlineMs: 120_000,
    stopDeadlineMs: 60_000,
    childMark: home.elasticsearch,
  };
}

/** Starts Elasticsearch with the documents it had; `jdk` is the folder of java. */
export async function startElasticsearch(home: LocalHome, jdk: string, signal?: AbortSignal) {
  const scratch = join(home.data, 'tmp');
  await mkdir(scratch, { recursive: true });
  return startServer(elasticsearchServer(home), [join(jdk, 'java'), ...javaArguments(home, scratch)], signal);
}

/** Forgets all documents. Elasticsearch must not be running. */
export async function wipeDocuments(home: LocalHome): Promise<void> {
  await rm(home.data, { recursive: true, force: true });
}

function javaArguments(home: LocalHome, scratch: string): string[] {
  const installed = (name: string) => join(home.elasticsearch, name);
  return [
    `-Xms${HEAP}`,
    `-Xmx${HEAP}`,
    '-XX:+UseG1GC',
    `-XX:ErrorFile=${join(home.logs, 'elasticsearch-crash.log')}`,
    `-Djava.io.tmpdir=${scratch}`,
    '-Dfile.encoding=UTF-8',
    '-Djava.awt.headless=true',
    '-Djna.nosys=true',
    '-Dlog4j2.disable.jmx=true',
    '-Dlog4j.shutdownHookEnabled=false', // the node logs until it is closed
    // As in Elasticsearch's own jvm.options: it does not let Netty reach into the JDK's internals.
    '-Dio.netty.noUnsafe=true',
    '-Dio.netty.noKeySetOptimization=true',
    '-Dio.netty.recycler.maxCapacityPerThread=0',
    // Elasticsearch finds parts of itself as modules' services, and the launcher is outside of any module.
    '--module-path',
    installed('lib'),
    '--add-modules',
    'ALL-MODULE-PATH,jdk.net',
    '-cp',
    installed('classes'),
    'EsLauncher',
    home.elasticsearch,
    `path.data=${join(home.data, 'nodes')}`,
    `path.logs=${home.logs}`,
    `http.port=${home.elasticsearchPort}`,
  ];
}

async function isServing(url: string): Promise<boolean> {
  const health = `${url}/_cluster/health?wait_for_status=yellow&timeout=1s`;
  return fetch(health, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
