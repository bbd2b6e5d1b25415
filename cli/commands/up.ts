import type { Command } from 'commander';
import { withoutCredentials } from '../../local/elasticsearch/own-elasticsearch.ts';
import { action, type Call } from '../cloud/call.ts';
import { bringUp, requireManaged } from '../cloud/cloud.ts';
import { cloudOf } from '../cloud/explain.ts';
import { elasticsearchUrl } from '../terminal/options.ts';

export function register(program: Command): void {
  program
    .command('up')
    .summary('start the local cloud, installing it if need be')
    .description(
      'Starts the local cloud: an AWS emulator and Elasticsearch, on 127.0.0.1, without Docker. What is missing is ' +
        'installed first, under .drumline/ (or DRUMLINE_HOME); what runs already is left as it is. With --target ' +
        'localstack: LocalStack and Elasticsearch in containers, which needs Docker and its Compose plugin.',
    )
    .option(
      '--elasticsearch <url>',
      'use your own Elasticsearch 8 instead of installing one',
      elasticsearchUrl,
    )
    .addHelpText(
      'after',
      `
The ports are 4566 and 9200, or DRUMLINE_EMULATOR_PORT and DRUMLINE_ELASTICSEARCH_PORT. A LocalStack that runs
already is not started but named: AWS_ENDPOINT_URL.

Example: a second local cloud beside the first
  DRUMLINE_HOME=~/.drumline-2 DRUMLINE_EMULATOR_PORT=4600 DRUMLINE_ELASTICSEARCH_PORT=9300 npx drumline up`,
    )
    .action(action(run));
}

async function run(call: Call, { elasticsearch }: { elasticsearch?: string }): Promise<void> {
  requireManaged(call, 'up');
  const { output, target } = call;
  const result = await bringUp(call, elasticsearch);
  if (result.lost) output.say(output.messageColors.yellow(result.lost));
  const urls = {
    emulatorUrl: target.home.emulatorUrl,
    elasticsearchUrl: elasticsearch ? withoutCredentials(elasticsearch) : target.home.elasticsearchUrl,
  };
  const next = elasticsearch ? `deploy --elasticsearch ${urls.elasticsearchUrl}` : 'deploy';
  output.result({ ...result, ...urls }, () =>
    [
      target.name === 'local'
        ? `The local cloud is up: emulator at ${urls.emulatorUrl}, Elasticsearch at ${urls.elasticsearchUrl}.`
        : `${cloudOf(target)} is up, with Elasticsearch at ${urls.elasticsearchUrl}.`,
      `Next: ${target.command(next)}`,
    ].join('\n'),
  );
}
