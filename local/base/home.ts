import { join, resolve } from 'node:path';
import { z } from 'zod';
import { UserError } from './user-error.ts';

/** The folders and ports of a local cloud. All paths are absolute, and all files are below `root`. */
export type LocalHome = {
  readonly root: string;
  /** TCP port on 127.0.0.1, 1 to 65535. */
  readonly emulatorPort: number;
  /** TCP port on 127.0.0.1, 1 to 65535. */
  readonly elasticsearchPort: number;
  readonly emulatorUrl: string;
  readonly elasticsearchUrl: string;
  /** Installed software: the emulator's Python virtual environment. */
  readonly venv: string;
  /** Installed software: Java and the client that fetches jars, in a Python virtual environment. */
  readonly java: string;
  /** Jars of an interrupted installation; empty after a complete one. */
  readonly downloads: string;
  /** Installed software: Elasticsearch's jars, launcher and configuration. */
  readonly elasticsearch: string;
  /** Elasticsearch's documents. */
  readonly data: string;
  /** The emulator's snapshot: queues, tables, functions and stacks. */
  readonly state: string;
  readonly logs: string;
  readonly pids: string;
  /** Temporary files of the emulator and of the functions. */
  readonly tmp: string;
  /** Lock that a command holds while it starts or stops the servers. */
  readonly lock: string;
};

const PROJECT = resolve(import.meta.dirname, '..', '..');
const PORT_RANGE = 'a whole number from 1 to 65535';

const port = (fallback: number) =>
  z
    .string()
    .regex(/^\d{1,5}$/, PORT_RANGE)
    .transform(Number)
    .refine((value) => value >= 1 && value <= 65_535, PORT_RANGE)
    .default(fallback);

const Environment = z.object({
  DRUMLINE_HOME: z.string().default(join(PROJECT, '.drumline')),
  DRUMLINE_EMULATOR_PORT: port(4566),
  DRUMLINE_ELASTICSEARCH_PORT: port(9200),
});

/**
 * Reads `DRUMLINE_HOME`, `DRUMLINE_EMULATOR_PORT` and `DRUMLINE_ELASTICSEARCH_PORT`. An empty variable counts as unset.
 * A relative folder is resolved from the working directory.
 * @throws UserError that names the variable, its value and the allowed values
 */
export function localHome(environment: NodeJS.ProcessEnv = process.env): LocalHome {
  const given = Object.keys(Environment.shape).flatMap((name) =>
    environment[name] ? [[name, environment[name]]] : [],
  );
  const parsed = Environment.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const name = String(issue?.path[0]);
    throw new UserError(
      `${name} is "${environment[name]}"; it must be ${issue?.message}.`,
      `Set ${name} to another value, or unset it.`,
    );
  }
  const { DRUMLINE_HOME, DRUMLINE_EMULATOR_PORT, DRUMLINE_ELASTICSEARCH_PORT } = parsed.data;
  if (DRUMLINE_EMULATOR_PORT === DRUMLINE_ELASTICSEARCH_PORT) {
    throw new UserError(
      `The emulator and Elasticsearch would both use port ${DRUMLINE_EMULATOR_PORT}.`,
      'Set DRUMLINE_EMULATOR_PORT and DRUMLINE_ELASTICSEARCH_PORT to different ports.',
    );
  }
  const root = resolve(DRUMLINE_HOME);
  return {
    root,
    emulatorPort: DRUMLINE_EMULATOR_PORT,
    elasticsearchPort: DRUMLINE_ELASTICSEARCH_PORT,
    emulatorUrl: `http://127.0.0.1:${DRUMLINE_EMULATOR_PORT}`,
    elasticsearchUrl: `http://127.0.0.1:${DRUMLINE_ELASTICSEARCH_PORT}`,
    venv: join(root, 'venv'),
    java: join(root, 'java'),
    downloads: join(root, 'downloads'),
    elasticsearch: join(root, 'elasticsearch'),
    data: join(root, 'data'),
    state: join(root, 'state'),
    logs: join(root, 'logs'),
    pids: join(root, 'pids'),
    tmp: join(root, 'tmp'),
    lock: join(root, 'lock'),
  };
}

/**
 * The environment for a child process (the CDK, the AWS CLI) that must use only the local cloud. The `AWS_*` variables of
 * `base` are left out, because a profile or session token would have precedence over the keys below.
 */
export function clientEnvironment(home: LocalHome, base: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const withoutAws = Object.entries(base).filter(([name]) => !name.startsWith('AWS_'));
  return {
    ...Object.fromEntries(withoutAws),
    // With an IP address the SDKs put S3 bucket names into the path. A bucket's host name would need DNS.
    AWS_ENDPOINT_URL: home.emulatorUrl,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    // ~/.aws may set other endpoints and profiles.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: '1',
    CDK_DISABLE_VERSION_CHECK: '1',
  };
}
