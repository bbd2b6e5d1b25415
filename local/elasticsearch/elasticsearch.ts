import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalHome } from '../base/home.ts';
import { compileJava, fetchJars, javaOf } from '../java/java.ts';
import type { Installation } from '../process/install.ts';
import { respondsWithOk, type Server, startServer } from '../process/server-process.ts';

const SOURCES = import.meta.dirname;
// The jars of an Elasticsearch node with an HTTP port. Elasticsearch and its transport have the same version.
const JARS = 'jars.sha256';
const LAUNCHER = 'EsLauncher.java';
const CONFIG = ['elasticsearch.yml', 'log4j2.properties'];
// Elasticsearch loads its HTTP server as a module: a folder with the module's jars and this description of it.
const TRANSPORT = 'plugin-descriptor.properties';
const TRANSPORT_JAR = /^(transport-netty4|netty)-/;

const HEAP = '512m';

/** Elasticsearch from its published jars. Java must be installed in the same home. */
export function elasticsearchInstallation(home: LocalHome, signal?: AbortSignal): Installation {
  return {
    folder: home.elasticsearch,
    async version() {
      const hash = createHash('sha256');
      for (const input of [JARS, LAUNCHER, TRANSPORT, ...CONFIG.map((name) => join('config', name))]) {
        hash.update(await readFile(join(SOURCES, input)));
      }
      return hash.digest('hex');
    },
    async build(folder) {
      const lib = join(folder, 'lib');
      await fetchJars(home, join(SOURCES, JARS), lib, signal);
      await compileJava(home, join(SOURCES, LAUNCHER), lib, join(folder, 'classes'), signal);
      const transport = join(folder, 'modules', 'transport-netty4');
      await mkdir(transport, { recursive: true });
      await cp(join(SOURCES, TRANSPORT), join(transport, TRANSPORT));
      for (const jar of await readdir(lib)) {
        if (TRANSPORT_JAR.test(jar)) await rename(join(lib, jar), join(transport, jar));
      }
      await cp(join(SOURCES, 'config'), join(folder, 'config'), { recursive: true });
      await mkdir(join(folder, 'plugins'));
    },
  };
}

export function elasticsearchServer(home: LocalHome): Server {
  return {
    name: 'Elasticsearch',
    port: home.elasticsearchPort,
    portVariable: 'DRUMLINE_ELASTICSEARCH_PORT',
    pidFile: join(home.pids, 'elasticsearch'),
    logFile: join(home.logs, 'elasticsearch.log'),
    environment: { PATH: process.env.PATH, HOME: process.env.HOME, LANG: 'C.UTF-8' },
    isHealthy: () =>
      respondsWithOk(`${home.elasticsearchUrl}/_cluster/health?wait_for_status=yellow&timeout=1s`),
    startDeadlineMs: 120_000,
    stopDeadlineMs: 60_000,
    childPath: home.elasticsearch,
  };
}

/** Starts Elasticsearch with the documents it had. */
export async function startElasticsearch(home: LocalHome, signal?: AbortSignal) {
  const scratch = join(home.data, 'tmp');
  await mkdir(scratch, { recursive: true });
  const command = [await javaOf(home), ...javaArguments(home, scratch)];
  return startServer(elasticsearchServer(home), command, signal);
}

/** Removes all documents. Elasticsearch must not be running. */
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
    // From Elasticsearch's own jvm.options: Netty must not use the JDK's internals.
    '-Dio.netty.noUnsafe=true',
    '-Dio.netty.noKeySetOptimization=true',
    '-Dio.netty.recycler.maxCapacityPerThread=0',
    '--enable-native-access=ALL-UNNAMED', // without it, Java 21 warns about Lucene's memory mapping
    // On the class path, Elasticsearch needs none of the JDK's development modules, which a Java runtime lacks.
    '--add-modules',
    'jdk.net',
    '-cp',
    `${installed('classes')}:${installed('lib')}/*`,
    'EsLauncher',
    home.elasticsearch,
    `path.data=${join(home.data, 'nodes')}`,
    `path.logs=${home.logs}`,
    `http.port=${home.elasticsearchPort}`,
  ];
}
