import { type Duration, RemovalPolicy, Token, Validations } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  type CfnFunction,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
  SystemLogLevel,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { bundle } from '../bundling/bundle.ts';
import { ENTRY, type FunctionName } from '../bundling/bundle-functions.ts';
import type { JobDescription } from '../bundling/job-description.ts';
import { SettingError } from '../settings/parse-settings.ts';
import type { Settings } from '../settings/settings.ts';
import { asEnforced } from './emulator-permissions.ts';
import type { EncryptionKey } from './encryption-key.ts';
import type { Items } from './items.ts';
import { environmentOf, grantNeeds } from './job-needs.ts';
import type { Ledger } from './ledger.ts';
import type { Queues } from './queues.ts';
import type { Results } from './results.ts';

/** Maximum size of a function's variables, in bytes of JSON ("Lambda quotas": 4 KB in aggregate). */
const MAX_ENVIRONMENT_BYTES = 4_096;

/** The size that is assumed for a value that is known only at deployment. A queue's URL, the longest, has up to 140 bytes. */
const REFERENCE_BYTES = 140;

/**
 * Lambda's own START, END and REPORT lines cost as much as the functions' lines and say nothing that metrics do not say.
 * At WARN only those about failed invocations remain, such as one that ran out of time, and at TRACE the functions decide
 * about their own lines. ("Log-level filtering", with the level of each system event. It requires the JSON format, which
 * leaves lines as they are that are JSON already: "Configuring JSON and plain text log formats".)
 */
const LOGGING = {
  loggingFormat: LoggingFormat.JSON,
  systemLogLevelV2: SystemLogLevel.WARN,
  applicationLogLevelV2: ApplicationLogLevel.TRACE,
};

/** What the functions of one deployment share. */
export interface StackContext {
  /** The first part of every resource name: `drumline` or `drumline-STAGE`. */
  prefix: string;
  settings: Settings;
  job: JobDescription;
  key: EncryptionKey;
  queues: Queues;
  ledger: Ledger;
  items: Items;
  results: Results;
}

export interface DrumlineFunctionProps {
  name: FunctionName;
  description: string;
  timeout: Duration;
  /** @default 256 */
  memoryMb?: number;
  /** Variables besides those of the ledger, the results and the log level. */
  environment?: Record<string, string>;
  /** @default none is reserved */
  reservedConcurrency?: number;
  /** Whether Lambda lets events that the function itself has caused invoke it again and again. @default false */
  invokesItself?: boolean;
  /** Whether the function may read the API key, and runs in the network of Elasticsearch. @default false */
  usesElasticsearch?: boolean;
  /** Whether the function runs the job's code, and so gets what the job needs, in the same network. @default false */
  runsJob?: boolean;
}

/**
 * A function with its own log group and role. The role may write to that log group, access the ledger as the function
 * needs, and do what `allow` adds. (AWS's managed policy would let it write to every log group of the account.)
 */
export class DrumlineFunction extends Construct {
  readonly name: FunctionName;
  readonly functionName: string;
  readonly function: LambdaFunction;

  constructor(
    scope: Construct,
    id: string,
    { prefix, settings, job, key, ledger, results }: StackContext,
    props: DrumlineFunctionProps,
  ) {
    super(scope, id);
    this.name = props.name;
    this.functionName = `${prefix}-${props.name}`;
    const elasticsearch = props.usesElasticsearch ? results : undefined;
    const network = props.usesElasticsearch || props.runsJob ? results.network : undefined;
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/drumline/${this.functionName}`,
      retention: settings.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const environment = {
      POWERTOOLS_LOG_LEVEL: settings.logLevel,
      ...ledger.environment,
      ...elasticsearch?.environmentOf(props.name),
      ...(props.runsJob && environmentOf(job)),
      ...props.environment,
    };
    rejectIfTooLarge(environment, props.name, settings.jobFile);
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const folder = bundle(this, props.name, settings.jobFile);
    elasticsearch?.addCertificate(folder);
    this.function = new LambdaFunction(this, 'Function', {
      functionName: this.functionName,
      description: props.description,
      code: Code.fromAsset(folder),
      handler: `${ENTRY}.handler`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: props.timeout,
      memorySize: props.memoryMb ?? 256,
      role,
      logGroup,
      ...LOGGING,
      environment,
      // The CDK also adds the permissions to send traces. They have no resources ("Actions, resources, and condition keys
      // for AWS X-Ray").
      ...(settings.tracing && { tracing: Tracing.ACTIVE }),
      ...network?.placement,
      ...(props.invokesItself && { recursiveLoop: RecursiveLoop.ALLOW }),
      ...(props.reservedConcurrency !== undefined && {
        reservedConcurrentExecutions: props.reservedConcurrency,
      }),
    });
    if (settings.tracing)
      Validations.of(this).acknowledge({
        id: 'AwsSolutions-IAM5[Resource::*]',
        reason: 'The actions that send traces have no resources, so their resource can only be a star.',
      });
    this.allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logGroup.logGroupArn);
    ledger.grantAccess(this);
    key.grantUse(this);
    elasticsearch?.grantAccess(this);
    network?.grantConnect(this);
    if (props.runsJob) grantNeeds(job, this);
  }

  /**
   * Has CloudFormation update another function before this one. Messages and passes of a newer version then meet no
   * worker of an older version.
   */
  updateAfter(other: DrumlineFunction): void {
    const [own, before] = [this, other].map((each) => each.function.node.defaultChild as CfnFunction);
    if (own && before) own.addResourceDependency(before);
  }

  /** Adds a permission to the function's role. @param actions names of IAM actions */
  allow(actions: string[], ...resources: string[]): void {
    this.function.addToRolePolicy(
      new PolicyStatement({ effect: Effect.ALLOW, actions: asEnforced(actions), resources }),
    );
  }
}

/** @throws SettingError when Lambda would refuse the variables. Only those of the job can be that large. */
function rejectIfTooLarge(environment: Record<string, string>, name: FunctionName, jobFile: string): void {
  const sizes = Object.entries(environment).map(([key, value]) =>
    Token.isUnresolved(value)
      ? key.length + REFERENCE_BYTES
      : Buffer.byteLength(JSON.stringify({ [key]: value })),
  );
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes <= MAX_ENVIRONMENT_BYTES) return;
  throw new SettingError(
    `setting jobFile=${jobFile}: the environment variables of the ${name} function take ${bytes} bytes, and Lambda allows ${MAX_ENVIRONMENT_BYTES}: shorten needs.environment, needs.secrets or output`,
  );
}
