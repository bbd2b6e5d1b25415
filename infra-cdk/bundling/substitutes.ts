import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** The APIs of the Elasticsearch client that functions/ calls. Each other API is a file that the bundle omits. */
const ELASTICSEARCH_APIS = ['bulk', 'count', 'indices', 'mget', 'search'];

/** The modules that replace others in the bundles, by name. */
const MODULES = {
  /** For code that is loaded but never used. Using it fails and names what was used. */
  omitted: `export default class OmittedFromBundle {
    constructor() {
      return new Proxy(this, {
        get(_, name) {
          throw new Error(String(name) + ' is omitted from the bundle: see infra-cdk/bundling/substitutes.ts');
        },
      });
    }
  }`,
  /** A logger under any name that logs nothing. */
  silentLogger: 'export default () => () => {};',
  /** Lambda, like the emulator, passes the role's credentials in the environment and nowhere else. */
  lambdaCredentials: `export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';`,
};

interface Substitute {
  /** The import to replace. */
  path: RegExp;
  /** The files whose import is replaced. A job of the user that imports the same package gets the real one. */
  importer: RegExp;
  by: keyof typeof MODULES;
}

/**
 * Code that the functions' packages load and that Drumline never uses. This list only makes the bundles smaller: without
 * an entry, the bundles do the same.
 */
const SUBSTITUTES: Substitute[] = [
  // A third of a megabyte for ES|QL helpers.
  { path: /^apache-arrow\//, importer: /@elastic\/elasticsearch\//, by: 'omitted' },
  // Another third of a megabyte for an HTTP client. results/client.ts connects with Node's own client.
  {
    path: /^\.\/UndiciConnection$/,
    importer: /@elastic\/transport\/lib\/connection\/index\.js$/,
    by: 'omitted',
  },
  // For proxies, which no setting names.
  { path: /^hpagent$/, importer: /@elastic\/transport\//, by: 'omitted' },
  // For the client option suppressInternalInstrumentation, which is off.
  { path: /^@opentelemetry\/core$/, importer: /@elastic\/transport\//, by: 'omitted' },
  // Logs the client's actions if DEBUG is set, which it is not.
  { path: /^debug$/, importer: /@elastic\/transport\//, by: 'silentLogger' },
  // Five hundred API calls, of which functions/ uses a dozen.
  {
    path: new RegExp(`^\\./api/(?!(${ELASTICSEARCH_APIS.join('|')})$)`),
    importer: /@elastic\/elasticsearch\/lib\/api\/index\.js$/,
    by: 'omitted',
  },
  // Bulk and scroll helpers. functions/ reads the outcome of each document itself.
  { path: /^\.\/helpers$/, importer: /@elastic\/elasticsearch\/lib\/client\.js$/, by: 'omitted' },
  // Looks for credentials in profiles, SSO and instance metadata.
  { path: /^@aws-sdk\/credential-provider-node$/, importer: /@aws-sdk\/client-/, by: 'lambdaCredentials' },
];

/** The esbuild plugin that puts the substitutes into the bundles. */
export const substitutes: Plugin = {
  name: 'substitutes',
  setup({ onLoad, onResolve }) {
    // The clients read only the version from their package files.
    onLoad({ filter: /@elastic[/\\]\w+[/\\]package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
    onResolve({ filter: /./ }, ({ path, importer }) => {
      const file = importer.replaceAll('\\', '/');
      const found = SUBSTITUTES.find((each) => each.path.test(path) && each.importer.test(file));
      return found && { path: found.by, namespace: 'substitute' };
    });
    onLoad({ filter: /./, namespace: 'substitute' }, ({ path }) => ({
      contents: MODULES[path as keyof typeof MODULES],
      resolveDir: import.meta.dirname,
    }));
  },
};
