import { resolve } from 'node:path';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { PROJECT, type Settings } from './settings.ts';

export interface DrumlineFunctionProps {
  /** Before every name in this stack. */
  prefix: string;
  /** The function's own name, and its file under functions/. */
  name: string;
  description: string;
  settings: Settings;
  timeout: Duration;
  memoryMb?: number;
  environment: Record<string, string>;
  reservedConcurrency?: number;
}

/**
 * A function with a log group and a role of its own. The role may write to that log group, and whatever `allow` adds;
 * AWS's managed policy would let it write to every log group of the account.
 */
export class DrumlineFunction extends Construct {
  readonly function: NodejsFunction;

  constructor(scope: Construct, id: string, props: DrumlineFunctionProps) {
    super(scope, id);
    const { prefix, name, settings } = props;
    const functionName = `${prefix}-${name}`;
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/drumline/${functionName}`,
      retention: settings.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.function = new NodejsFunction(this, 'Function', {
      functionName,
      description: props.description,
      entry: resolve(PROJECT, 'functions', `${name}.ts`),
      projectRoot: PROJECT,
      depsLockFilePath: resolve(PROJECT, 'package-lock.json'),
      runtime: Runtime.NODEJS_22_X,
      architecture: Architecture.ARM_64,
      timeout: props.timeout,
      memorySize: props.memoryMb ?? 256,
      role,
      logGroup,
      environment: {
        POWERTOOLS_LOG_LEVEL: settings.logLevel,
        ...props.environment,
      },
      ...(props.reservedConcurrency !== undefined && {
        reservedConcurrentExecutions: props.reservedConcurrency,
      }),
      bundling: {
        format: OutputFormat.ESM,
        target: 'node20',
        minify: true,
        // Not the runtime's AWS SDK, which changes under us and is not on an emulator.
        bundleAwsSDK: true,
        mainFields: ['module', 'main'],
        esbuildArgs: { '--alias:#job': resolve(PROJECT, settings.jobFile) },
        // Packages that are CommonJS inside still ask for `require`.
        banner:
          "import{createRequire as drumlineRequire}from'node:module';const require=drumlineRequire(import.meta.url);",
      },
    });
    this.allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logGroup.logGroupArn);
  }

  /** Lets the function do this and no more. */
  allow(actions: string[], ...resources: string[]): void {
    this.function.addToRolePolicy(new PolicyStatement({ effect: Effect.ALLOW, actions, resources }));
  }
}
