import { expect, test } from 'vitest';
import { synthesize } from './synthesis.ts';
import { ELASTIC_CLOUD, LOCAL, OWN_IN_VPC } from './targets.ts';

/**
 * Resources that hold data or have a fixed name. CloudFormation treats a new logical ID as a new resource: it would
 * create an empty table or queue and leave the old one, or fail because the name exists. Do not change a line here. Undo
 * the move or the new name of the construct, or give its resource the old ID with `overrideLogicalId`.
 */
const IDS = {
  'AWS::DynamoDB::Table': ['LedgerTable9343E4AA'],
  'AWS::S3::Bucket': ['ItemsBucket2706F8F5'],
  'AWS::SQS::Queue': ['QueuesAbandonedEvents158863FE', 'QueuesDeadLettersF0D5D2AD', 'QueuesJobs403F2492'],
  'AWS::Logs::LogGroup': [
    'AutoscalerLogsDD9F7091',
    'ConsumerLogs7B9AAC61',
    'ControlLogs7AC46C76',
    'ReaderLogs0FF69EE9',
    'SchedulerLogs5CBD4DC7',
    'StatusLogs4722D176',
    'VerifyLogsB9ECA101',
  ],
  'AWS::Lambda::Function': [
    'AutoscalerFunction62E65FD9',
    'ConsumerFunction1B019A9B',
    'ControlFunction8A0764F3',
    'ReaderFunction09EC41FB',
    'SchedulerFunctionA1BD39EF',
    'StatusFunction21B4086A',
    'VerifyFunction0C87FB6B',
  ],
  'AWS::Lambda::EventSourceMapping': ['ConsumerFunctionSqsEventSourceDrumlineQueuesJobs1791C8D2FA41705E'],
};

test.each([
  ['the local cloud', LOCAL],
  ['AWS and Elastic Cloud', ELASTIC_CLOUD],
  ['AWS and an Elasticsearch of one’s own in a VPC', OWN_IN_VPC],
])('nothing that holds something is made anew, with %s', (_what, context) => {
  const template = synthesize(context);
  const ids = Object.keys(IDS).map((type) => [type, Object.keys(template.findResources(type)).sort()]);
  expect(Object.fromEntries(ids)).toEqual(IDS);
});
