import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Call } from '../cli/cloud/call.ts';
import { type Deployed, deploy } from '../cli/cloud/deploy.ts';
import { readDeployment } from '../cli/cloud/deployment.ts';
import type { GivenSettings } from '../cli/cloud/settings.ts';
import { resolveTarget } from '../cli/cloud/target.ts';
import type { Output } from '../cli/terminal/output.ts';
import { PROJECT } from '../infra-cdk/settings/settings.ts';
import { down, up } from '../local/cloud.ts';
import { type LocalHome, localHome } from '../local/home.ts';
import { freePort } from '../local/process/ports.ts';
import { type Step, silently } from '../local/steps.ts';

/** What the AWS SDK's clients need to reach the emulator. */
export interface AwsPlace {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
}

/** A running local cloud of the benchmarks' own: emulator and Elasticsearch. */
export interface OwnCloud {
  readonly home: LocalHome;
  readonly aws: AwsPlace;
  /** Of its servers, by their names. */
  readonly versions: Record<string, string>;
  /** As the command's parts (cli/) want it: with the stack of this stage, or without one. */
  call(stage?: string): Call;
  /** Deploys our stack, as `drumline deploy -c name=value` does. */
  deploy(given: GivenSettings, stage?: string): Promise<Deployed>;
  stop(): Promise<void>;
}

/** Where it lies; what is installed there stays, so that only the first time takes long. */
const HOME = process.env.DRUMLINE_BENCH_HOME || join(localHome({}).root, 'bench');

/**
 * Starts it, empty, in a folder and on ports of its own, so that a running one is not disturbed.
 * @throws UserError for what a person can mend
 */
export async function startOwnCloud(output: Output, step: Step, signal: AbortSignal): Promise<OwnCloud> {
  const home = localHome({
    DRUMLINE_HOME: HOME,
    DRUMLINE_EMULATOR_PORT: String(await freePort()),
    DRUMLINE_ELASTICSEARCH_PORT: String(await freePort()),
  });
  const call = (stage = ''): Call => {
    const target = resolveTarget('local', stage, home);
    return { output, step, target, signal, deployment: () => readDeployment(target, signal) };
  };
  const stop = async () => {
    await down(home, { wipe: true, step: silently });
  };
  // An earlier benchmark may have been killed: what it left is stopped, and its data is no concern of ours.
  await stop();
  try {
    await up(home, { step, signal });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    home,
    versions: await versionsOf(home),
    aws: {
      endpoint: home.emulatorUrl,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    },
    call,
    deploy: (given, stage) => deploy(call(stage), given),
    stop,
  };
}

async function versionsOf({ elasticsearchUrl }: LocalHome): Promise<Record<string, string>> {
  const answer = await fetch(`${elasticsearchUrl}/_nodes/_local?filter_path=nodes.*.version`);
  const { nodes } = (await answer.json()) as { nodes: Record<string, { version: string }> };
  const pinned = await readFile(join(PROJECT, 'local', 'emulator', 'requirements.txt'), 'utf8');
  return {
    Elasticsearch: Object.values(nodes)[0]?.version ?? 'unknown',
    ministack: pinned.match(/^ministack==(\S+)/m)?.[1] ?? 'unknown',
  };
}
