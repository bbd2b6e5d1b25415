import { ArnFormat, Stack, Validations } from 'aws-cdk-lib';
import {
  type ISecurityGroup,
  type IVpc,
  SecurityGroup,
  Subnet,
  type SubnetSelection,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { prefixOf, type Settings } from '../settings/settings.ts';
import type { DrumlineFunction } from './drumline-function.ts';

/** What Lambda does with a function's role to connect it to a VPC: AWSLambdaVPCAccessExecutionRole, without the logs. */
const CONNECTING = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/** Zones matter only to what the CDK would make in the VPC, which is nothing. */
const ANY_ZONE = 'any';

/** Where in a VPC a function runs; all of it nothing outside of one. */
export interface Place {
  vpc?: IVpc;
  vpcSubnets?: SubnetSelection;
  securityGroups?: ISecurityGroup[];
}

/**
 * The network that Elasticsearch is in: a VPC that is there already, named by its parts so that nobody has to look it
 * up in an account; or none. Only the functions that ask Elasticsearch run in it.
 */
export class Network extends Construct {
  readonly place: Place;
  /** What the operator of Elasticsearch needs to know. */
  readonly outputs: Record<string, string>;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    const { vpcId, subnetIds, securityGroupIds } = settings;
    if (vpcId === '') {
      this.place = {};
      this.outputs = {};
      return;
    }
    const vpc = Vpc.fromVpcAttributes(this, 'Vpc', { vpcId, availabilityZones: [ANY_ZONE] });
    const subnets = subnetIds.split(',').map((subnetId) => {
      const subnet = Subnet.fromSubnetAttributes(this, subnetId, { subnetId, availabilityZone: ANY_ZONE });
      Validations.of(subnet).acknowledge({
        id: 'Annotation::@aws-cdk/aws-ec2:noSubnetRouteTableId',
        reason: 'Nobody here asks for its route table.',
      });
      return subnet;
    });
    const securityGroups =
      securityGroupIds === ''
        ? [this.#ownGroup(vpc, prefixOf(settings))]
        : securityGroupIds.split(',').map((group) => SecurityGroup.fromSecurityGroupId(this, group, group));
    this.place = { vpc, vpcSubnets: { subnets }, securityGroups };
    this.outputs = {
      SecurityGroups: securityGroups.map(({ securityGroupId }) => securityGroupId).join(','),
    };
  }

  /** Lets Lambda connect a function to the VPC, and not the function's own code, which has the same role. */
  admit(asking: DrumlineFunction, functionName: string): void {
    if (!this.place.vpc) return;
    asking.allow(CONNECTING, '*');
    asking.function.addToRolePolicy(
      new PolicyStatement({
        effect: Effect.DENY,
        actions: CONNECTING,
        resources: ['*'],
        conditions: { ArnEquals: { 'lambda:SourceFunctionArn': [this.#arnOf(functionName)] } },
      }),
    );
    Validations.of(asking).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'Lambda asks for these on all network interfaces; the function’s own code is denied them.',
    });
  }

  /** Made of its name: the function depends on its role's policy, which therefore can't refer to it. */
  #arnOf(functionName: string): string {
    return Stack.of(this).formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: functionName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }

  /** A group that lets nobody in: Elasticsearch's own has to let it in. */
  #ownGroup(vpc: IVpc, prefix: string): SecurityGroup {
    return new SecurityGroup(this, 'Functions', {
      vpc,
      description: `The functions of ${prefix} that ask Elasticsearch`,
      // The job of a user may want to go anywhere.
      allowAllOutbound: true,
    });
  }
}
