import { join } from 'node:path';
import { type Duration, RemovalPolicy, Stage, Validations } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { bundle, ENTRY } from '../bundling/bundle.ts';
import type { FUNCTIONS } from '../bundling/bundle-functions.ts';
import type { Settings } from '../settings/settings.ts';
import { asEnforced } from './emulator.ts';
import type { Ledger } from './ledger.ts';
import type { Results } from './results.ts';

export interface DrumlineFunctionProps {
  /** Before every name in this stack. */
  prefix: string;
  /** The function's own name, and its file under functions/. */
  name: (typeof FUNCTIONS)[number];
  description: string;
  settings: Settings;
  timeout: Duration;
  memoryMb?: number;
  environment?: Record<string, string>;
  reservedConcurrency?: number;
  /** It is told where, and may do with it what its name is for. */
  ledger: Ledger;
  /** For a function that asks Elasticsearch: it is told where, may read the key, and runs in its network. */
  results?: Results;
}

/**
 * A function with a log group and a role of its own. The role may write to that log group, and whatever `allow` adds;
 * AWS's managed policy would let it write to every log group of the account.
 */
export class DrumlineFunction extends Construct {
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, props: DrumlineFunctionProps) {
    super(scope, id);
    const { prefix, name, settings, ledger, results } = props;
    const functionName = `${prefix}-${name}`;
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/drumline/${functionName}`,
      retention: settings.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const folder = join(Stage.of(this)?.outdir ?? '', 'bundles', functionName);
    bundle(name, settings.jobFile, folder);
    results?.addCertificate(folder);
    this.function = new LambdaFunction(this, 'Function', {
      functionName,
      description: props.description,
      code: Code.fromAsset(folder),
      handler: `${ENTRY}.handler`,
      runtime: Runtime.NODEJS_22_X,
      architecture: Architecture.ARM_64,
      timeout: props.timeout,
      memorySize: props.memoryMb ?? 256,
      role,
      logGroup,
      environment: {
        POWERTOOLS_LOG_LEVEL: settings.logLevel,
        ...ledger.environment,
        ...results?.environmentOf(name),
        ...props.environment,
      },
      ...results?.network.place,
      ...(props.reservedConcurrency !== undefined && {
        reservedConcurrentExecutions: props.reservedConcurrency,
      }),
    });
    Validations.of(this.function).acknowledge({
      id: 'AwsSolutions-L1',
      reason:
        'Node.js 22 has long-term support; newer runtimes are not on every emulator that this deploys to.',
    });
    this.allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logGroup.logGroupArn);
    ledger.admit(this, name);
    results?.admit(this, name, functionName);
  }

  /** Lets the function do this and no more. @param actions as IAM defines them */
  allow(actions: string[], ...resources: string[]): void {
    this.function.addToRolePolicy(
      new PolicyStatement({ effect: Effect.ALLOW, actions: asEnforced(actions), resources }),
    );
  }
}
