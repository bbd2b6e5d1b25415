import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { PROJECT } from '../settings/settings.ts';

/** The functions, by their files under functions/. */
export const FUNCTIONS = ['scheduler', 'consumer', 'status', 'control', 'verify'] as const;

/** The APIs of the Elasticsearch client that functions/ calls; each of the others is a file that is left out. */
const ELASTICSEARCH_APIS = ['bulk', 'count', 'indices', 'mget', 'search'];

interface Substitute {
  /** What is asked for, and the files that ask for it: a job of yours that asks for the same gets the real one. */
  path: RegExp;
  importer: RegExp;
  /** The file beside this one that is there instead. */
  by: string;
}

/**
 * What the functions' packages load and never use here. Nothing else changes: leave any of these out of the list, and
 * the bundles are larger and do the same.
 */
const SUBSTITUTES: Substitute[] = [
  {
    // A third of a megabyte for ES|QL helpers that nobody calls.
    path: /^apache-arrow\//,
    importer: /@elastic\/elasticsearch\//,
    by: 'left-out.ts',
  },
  {
    // As much again for an HTTP client; results/client.ts connects with Node’s own.
    path: /^\.\/UndiciConnection$/,
    importer: /@elastic\/transport\/lib\/connection\/index\.js$/,
    by: 'left-out.ts',
  },
  {
    // For proxies, which no setting names.
    path: /^hpagent$/,
    importer: /@elastic\/transport\//,
    by: 'left-out.ts',
  },
  {
    // For one option of the client, suppressInternalInstrumentation, that is off.
    path: /^@opentelemetry\/core$/,
    importer: /@elastic\/transport\//,
    by: 'left-out.ts',
  },
  {
    // Says what the client does when DEBUG is set, which it isn't.
    path: /^debug$/,
    importer: /@elastic\/transport\//,
    by: 'silent.ts',
  },
  {
    // Five hundred calls, of which functions/ makes a dozen.
    path: new RegExp(`^\\./api/(?!(${ELASTICSEARCH_APIS.join('|')})$)`),
    importer: /@elastic\/elasticsearch\/lib\/api\/index\.js$/,
    by: 'left-out.ts',
  },
  {
    // Bulk and scroll helpers; functions/ counts what became of each document itself.
    path: /^\.\/helpers$/,
    importer: /@elastic\/elasticsearch\/lib\/client\.js$/,
    by: 'left-out.ts',
  },
  {
    // A search through profiles, SSO and instance metadata for what Lambda puts into the environment.
    path: /^@aws-sdk\/credential-provider-node$/,
    importer: /@aws-sdk\/client-/,
    by: 'lambda-credentials.ts',
  },
];

const substitutes: Plugin = {
  name: 'substitutes',
  setup({ onLoad, onResolve }) {
    // Of their whole package files the clients read the version.
    onLoad({ filter: /@elastic[/\\]\w+[/\\]package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
    onResolve({ filter: /./ }, (asked) => {
      const importer = asked.importer.replaceAll('\\', '/');
      const found = SUBSTITUTES.find((one) => one.path.test(asked.path) && one.importer.test(importer));
      return found && { path: resolve(import.meta.dirname, found.by) };
    });
  },
};

/** Bundles every function into one file. @param jobFile the file with the job, from the project's folder */
export async function bundleFunctions(jobFile: string): Promise<Record<string, string>> {
  const { outputFiles } = await build({
    entryPoints: FUNCTIONS.map((name) => resolve(PROJECT, 'functions', `${name}.ts`)),
    outdir: '/',
    // Else the paths in the bundle, and with them its hash, depend on where it is built from.
    absWorkingDir: PROJECT,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    minify: true,
    // Stack traces and Powertools' logs name functions and classes.
    keepNames: true,
    mainFields: ['module', 'main'],
    alias: { '#job': resolve(PROJECT, jobFile) },
    plugins: [substitutes],
    banner: {
      // Packages that are CommonJS inside still ask for `require`.
      js: "import{createRequire as drumlineRequire}from'node:module';const require=drumlineRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return Object.fromEntries(FUNCTIONS.map((name, at) => [name, outputFiles[at]?.text ?? '']));
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write(JSON.stringify(await bundleFunctions(process.argv[2] ?? '')));
}
