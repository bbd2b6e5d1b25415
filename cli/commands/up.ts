import type { Command } from 'commander';
import { withoutCredentials } from '../../local/elasticsearch/own-elasticsearch.ts';
import { action, type Call } from '../cloud/call.ts';
import { requireManaged, startCloud } from '../cloud/lifecycle.ts';
import { cloudNameAndUrl } from '../cloud/target.ts';
import { ownElasticsearchOption } from '../terminal/options.ts';

export function register(program: Command): void {
  program
    .command('up')
    .summary('start the local cloud; install it the first time')
    .description(
      'Starts the local cloud on 127.0.0.1: an AWS emulator and Elasticsearch, without Docker. It first installs missing ' +
        'software under .drumline/ (or DRUMLINE_HOME). Servers that are already running are not restarted. With --target ' +
        'localstack it starts LocalStack and Elasticsearch in containers, which needs Docker and its Compose plugin.',
    )
    .addOption(ownElasticsearchOption())
    .addHelpText(
      'after',
      `
The ports are 4566 and 9200, or DRUMLINE_EMULATOR_PORT and DRUMLINE_ELASTICSEARCH_PORT. To use a LocalStack that
is already running, set AWS_ENDPOINT_URL instead of running this command.

Example: start a second local cloud
  DRUMLINE_HOME=~/.drumline-2 DRUMLINE_EMULATOR_PORT=4600 DRUMLINE_ELASTICSEARCH_PORT=9300 npx drumline up`,
    )
    .action(action(run));
}

async function run(call: Call, { elasticsearch }: { elasticsearch?: string }): Promise<void> {
  requireManaged(call, 'up');
  const { output, target } = call;
  const result = await startCloud(call, elasticsearch);
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
        : `${cloudNameAndUrl(target)} is up, with Elasticsearch at ${urls.elasticsearchUrl}.`,
      `Next: ${target.command(next)}`,
    ].join('\n'),
  );
}
