import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Call } from '../../cli/cloud/call.ts';
import { readDeployment } from '../../cli/cloud/deployment.ts';
import { resolveTarget } from '../../cli/cloud/target.ts';
import type { Output } from '../../cli/terminal/output.ts';
import { PROJECT } from '../../infra-cdk/settings/settings.ts';
import { type LocalHome, localHome } from '../../local/base/home.ts';
import { type Step, silently } from '../../local/base/steps.ts';
import { down, up } from '../../local/cloud.ts';
import { freePort } from '../../local/process/ports.ts';
import type { AwsConnection } from '../../test/fixtures/pipeline.ts';

/** The benchmarks' own local cloud, running: emulator and Elasticsearch. */
export interface OwnCloud {
  readonly home: LocalHome;
  readonly aws: AwsConnection;
  readonly elasticsearchUrl: string;
  /** Versions of its servers, by name. */
  readonly versions: Record<string, string>;
  /** What functions of cli/ need to work on the stack of this stage. */
  call(stage: string): Call;
  stop(): Promise<unknown>;
}

/** Its folder. Installed programs stay there, so only the first start takes long. */
const HOME = process.env.DRUMLINE_BENCH_HOME || join(localHome({}).root, 'bench');

/**
 * Starts an empty cloud in its own folder and on free ports, so that it does not disturb one that runs already.
 * @throws UserError if a server can't be installed or started
 */
export async function startOwnCloud(output: Output, step: Step, signal: AbortSignal): Promise<OwnCloud> {
  const home = localHome({
    DRUMLINE_HOME: HOME,
    DRUMLINE_EMULATOR_PORT: String(await freePort()),
    DRUMLINE_ELASTICSEARCH_PORT: String(await freePort()),
  });
  const call = (stage: string): Call => {
    const target = resolveTarget('local', stage, home);
    return { output, step, target, signal, deployment: () => readDeployment(target, signal) };
  };
  const stop = () => down(home, { wipe: true, step: silently });
  // A benchmark that was killed may have left its servers running.
  await stop();
  try {
    await up(home, { step, signal });
  } catch (error) {
    await stop();
    throw error;
  }
  const { elasticsearchUrl } = home;
  return {
    home,
    elasticsearchUrl,
    versions: await readVersions(elasticsearchUrl),
    aws: {
      endpoint: home.emulatorUrl,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    },
    call,
    stop,
  };
}

async function readVersions(elasticsearchUrl: string): Promise<Record<string, string>> {
  const answer = await fetch(`${elasticsearchUrl}/_nodes/_local?filter_path=nodes.*.version`);
  const { nodes } = (await answer.json()) as { nodes: Record<string, { version: string }> };
  const pinned = await readFile(join(PROJECT, 'local', 'emulator', 'requirements.txt'), 'utf8');
  return {
    Elasticsearch: Object.values(nodes)[0]?.version ?? 'unknown',
    ministack: pinned.match(/^ministack==(\S+)/m)?.[1] ?? 'unknown',
  };
}
