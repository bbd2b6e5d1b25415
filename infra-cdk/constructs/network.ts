import { Validations } from 'aws-cdk-lib';
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
import { functionArn } from './function-arn.ts';

/** What Lambda does with a function's role to connect it to a VPC: AWSLambdaVPCAccessExecutionRole without the logs. */
const CONNECT_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/** The CDK uses zones only for resources that it creates in the VPC, and Drumline creates none that has a zone. */
const ANY_ZONE = 'any';

/** The part of a VPC in which a function runs, as properties of a Lambda function; empty outside a VPC. */
export interface VpcPlacement {
  vpc?: IVpc;
  vpcSubnets?: SubnetSelection;
  securityGroups?: ISecurityGroup[];
}

/**
 * The network of Elasticsearch: an existing VPC, or none. The settings name the VPC's subnets, so that the CDK does not
 * have to look them up in an account. Only the functions that use Elasticsearch or run the job's code run in it.
 */
export class Network extends Construct {
  readonly placement: VpcPlacement;
  /** Stack outputs for the operator of Elasticsearch. */
  readonly outputs: Record<string, string>;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    const { vpcId, subnetIds, securityGroupIds } = settings;
    if (vpcId === '') {
      this.placement = {};
      this.outputs = {};
      return;
    }
    const vpc = Vpc.fromVpcAttributes(this, 'Vpc', { vpcId, availabilityZones: [ANY_ZONE] });
    const subnets = subnetIds.split(',').map((subnetId, index) => {
      const attributes = { subnetId, availabilityZone: ANY_ZONE };
      const subnet = Subnet.fromSubnetAttributes(this, `Subnet${index}`, attributes);
      Validations.of(subnet).acknowledge({
        id: 'Annotation::@aws-cdk/aws-ec2:noSubnetRouteTableId',
        reason: 'Drumline does not use the subnet’s route table.',
      });
      return subnet;
    });
    const securityGroups =
      securityGroupIds === ''
        ? [this.#newSecurityGroup(vpc, prefixOf(settings))]
        : securityGroupIds
            .split(',')
            .map((group, index) => SecurityGroup.fromSecurityGroupId(this, `SecurityGroup${index}`, group));
    this.placement = { vpc, vpcSubnets: { subnets }, securityGroups };
    this.outputs = {
      SecurityGroups: securityGroups.map(({ securityGroupId }) => securityGroupId).join(','),
    };
  }

  /** Lets Lambda connect a function to the VPC. The function's own code has the same role and is denied these actions. */
  grantConnect(target: DrumlineFunction): void {
    if (!this.placement.vpc) return;
    target.allow(CONNECT_ACTIONS, '*');
    target.function.addToRolePolicy(
      new PolicyStatement({
        effect: Effect.DENY,
        actions: CONNECT_ACTIONS,
        resources: ['*'],
        // The function depends on its role's policy, so the policy cannot refer to the function.
        conditions: {
          ArnEquals: { 'lambda:SourceFunctionArn': [functionArn(this, target.functionName)] },
        },
      }),
    );
    Validations.of(target).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'Lambda needs these actions on all network interfaces. The function’s own code is denied them.',
    });
  }

  /** A security group without inbound rules. The security group of Elasticsearch must admit it. */
  #newSecurityGroup(vpc: IVpc, prefix: string): SecurityGroup {
    return new SecurityGroup(this, 'Functions', {
      vpc,
      description: `The functions of ${prefix} that ask Elasticsearch or run the job`,
      // The user's job may call any host.
      allowAllOutbound: true,
    });
  }
}
