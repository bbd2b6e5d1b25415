/** The settings of each target, as `-c` passes them. */
export const LOCAL = { elasticsearchUrl: 'http://127.0.0.1:9200' };

export const ELASTIC_CLOUD = {
  concurrency: '20',
  elasticsearchUrl: 'https://drumline.es.eu-west-1.aws.found.io',
  elasticsearchApiKeySecret: 'drumline/elasticsearch',
  alarmEmail: 'ops@example.com',
  tracing: 'true',
  indexShards: '3',
  kmsKey: 'arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f',
  minimumPollers: '2',
  maximumPollers: '10',
  bootstrapRoles: 'true',
};

export const OWN_IN_VPC = {
  concurrency: '20',
  elasticsearchUrl: 'https://elasticsearch.search.internal:9200',
  elasticsearchApiKeySecret:
    'arn:aws:secretsmanager:eu-west-1:123456789012:secret:drumline/elasticsearch-AbCdEf',
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  subnetIds: 'subnet-0a1b2c3d4e5f60718,subnet-1a1b2c3d4e5f60718',
  indexShards: '3',
  indexReplicas: '2',
  indexRefreshSeconds: '30',
};
