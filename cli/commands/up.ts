import type { Command } from 'commander';
import { up } from '../../local/cloud.ts';
import { withoutCredentials } from '../../local/own-elasticsearch.ts';
import { action, type Call } from '../call.ts';
import { elasticsearchUrl } from '../options.ts';
import { WrongUse } from '../trouble.ts';

export function register(program: Command): void {
  program
    .command('up')
    .summary('start the local cloud, installing it if need be')
    .description(
      'Starts the local cloud: an AWS emulator and Elasticsearch, on 127.0.0.1, without Docker. What is missing is ' +
        'installed first, under .drumline/ (or DRUMLINE_HOME); what runs already is left as it is.',
    )
    .option(
      '--elasticsearch <url>',
      'use this Elasticsearch 8 of your own; needs no JDK and no Maven',
      elasticsearchUrl,
    )
    .addHelpText(
      'after',
      `
The ports are 4566 and 9200, or DRUMLINE_EMULATOR_PORT and DRUMLINE_ELASTICSEARCH_PORT.

Example: a second local cloud beside the first
  DRUMLINE_HOME=~/.drumline-2 DRUMLINE_EMULATOR_PORT=4600 DRUMLINE_ELASTICSEARCH_PORT=9300 npx drumline up`,
    )
    .action(action(run));
}

async function run(call: Call, { elasticsearch }: { elasticsearch?: string }): Promise<void> {
  requireLocal(call, 'up');
  const { output, target, step, signal } = call;
  const result = await up(target.home, { elasticsearchUrl: elasticsearch, step, signal });
  if (result.lost) output.say(output.messageColors.yellow(result.lost));
  const urls = {
    emulatorUrl: target.home.emulatorUrl,
    elasticsearchUrl: elasticsearch ? withoutCredentials(elasticsearch) : target.home.elasticsearchUrl,
  };
  const next = elasticsearch ? `deploy --elasticsearch ${urls.elasticsearchUrl}` : 'deploy';
  output.result({ ...result, ...urls }, () =>
    [
      `The local cloud is up: emulator at ${urls.emulatorUrl}, Elasticsearch at ${urls.elasticsearchUrl}.`,
      `Next: ${target.command(next)}`,
    ].join('\n'),
  );
}

/** @throws WrongUse for a command that is about the local cloud and nothing else */
export function requireLocal({ target }: Call, name: string): void {
  if (target.name === 'local') return;
  throw new WrongUse(`"${name}" is about the local cloud.`, `Leave --target ${target.name} away.`);
}
