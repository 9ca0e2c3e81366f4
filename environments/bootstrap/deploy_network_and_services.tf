# What the deploy role needs besides for networks and services on ECS. Policies of its own, since
# IAM allows a role 10,240 characters of inline ones.

resource "aws_iam_policy" "deploy_network" {
  count = local.runs_workloads ? 1 : 0

  name        = "${local.deploy_role_name}-network"
  description = "Manages the payment platform's network"

  policy = jsonencode({ Version = "2012-10-17", Statement = local.network_statements })
}

resource "aws_iam_policy" "deploy_services" {
  count = local.runs_workloads ? 1 : 0

  name        = "${local.deploy_role_name}-services"
  description = "Manages the payment platform's services on ECS, their names and secrets"

  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.ecs_statements, local.release_statements, local.usage_statements) })
}

resource "aws_iam_role_policy_attachment" "deploy" {
  for_each = local.runs_workloads ? {
    network  = aws_iam_policy.deploy_network[0].arn
    services = aws_iam_policy.deploy_services[0].arn
  } : {}

  role       = aws_iam_role.deploy.name
  policy_arn = each.value
}

locals {
  in_region = { StringEquals = { "aws:RequestedRegion" = local.region } }

  # Parts of a network have generated ids. No machines, no peering, no way in.
  network_statements = [
    {
      Sid    = "ManageNetwork"
      Effect = "Allow"
      Action = [
        "ec2:AllocateAddress",
        "ec2:AssociateRouteTable",
        "ec2:AttachInternetGateway",
        "ec2:AuthorizeSecurityGroup*",
        "ec2:CreateFlowLogs",
        "ec2:CreateInternetGateway",
        "ec2:CreateManagedPrefixList",
        "ec2:CreateNatGateway",
        "ec2:CreateNetworkAcl",
        "ec2:CreateNetworkAclEntry",
        "ec2:CreateRoute",
        "ec2:CreateRouteTable",
        "ec2:CreateSecurityGroup",
        "ec2:CreateSubnet",
        "ec2:CreateTags",
        "ec2:CreateVpc",
        "ec2:CreateVpcEndpoint",
        "ec2:DeleteFlowLogs",
        "ec2:DeleteInternetGateway",
        "ec2:DeleteManagedPrefixList",
        "ec2:DeleteNatGateway",
        "ec2:DeleteNetworkAcl",
        "ec2:DeleteNetworkAclEntry",
        "ec2:DeleteNetworkInterface",
        "ec2:DeleteRoute",
        "ec2:DeleteRouteTable",
        "ec2:DeleteSecurityGroup",
        "ec2:DeleteSubnet",
        "ec2:DeleteTags",
        "ec2:DeleteVpc",
        "ec2:DeleteVpcEndpoints",
        "ec2:Describe*",
        "ec2:DetachInternetGateway",
        "ec2:DetachNetworkInterface",
        "ec2:DisassociateAddress",
        "ec2:DisassociateRouteTable",
        "ec2:GetManagedPrefixListEntries",
        "ec2:ModifyManagedPrefixList",
        "ec2:ModifySecurityGroupRules",
        "ec2:ModifySubnetAttribute",
        "ec2:ModifyVpcAttribute",
        "ec2:ModifyVpcEndpoint",
        "ec2:ReleaseAddress",
        "ec2:ReplaceNetworkAclAssociation",
        "ec2:ReplaceNetworkAclEntry",
        "ec2:ReplaceRoute",
        "ec2:ReplaceRouteTableAssociation",
        "ec2:RevokeSecurityGroup*",
        "ec2:UpdateSecurityGroupRuleDescriptions*",
      ]
      Resource  = "*"
      Condition = local.in_region
    },
    {
      # A VPC link is an endpoint service that API Gateway makes as whoever asks for it.
      Sid    = "LinkApiGateway"
      Effect = "Allow"
      Action = [
        "ec2:CreateVpcEndpointServiceConfiguration",
        "ec2:DeleteVpcEndpointServiceConfigurations",
        "ec2:ModifyVpcEndpointServicePermissions",
      ]
      Resource  = "*"
      Condition = local.in_region
    },
  ]

  ecs_statements = [
    {
      Sid    = "ManageNamedServices"
      Effect = "Allow"
      Action = ["ecr:*", "ecs:*", "elasticloadbalancing:*"]
      Resource = [
        "arn:aws:ecr:${local.region}:${local.account_id}:repository/payments-*",
        "arn:aws:ecs:${local.region}:${local.account_id}:cluster/payments-*",
        "arn:aws:ecs:${local.region}:${local.account_id}:service/payments-*/payments-*",
        "arn:aws:ecs:${local.region}:${local.account_id}:task-definition/payments-*",
        "arn:aws:elasticloadbalancing:${local.region}:${local.account_id}:listener/net/payments-*",
        "arn:aws:elasticloadbalancing:${local.region}:${local.account_id}:loadbalancer/net/payments-*",
        "arn:aws:elasticloadbalancing:${local.region}:${local.account_id}:targetgroup/payments-*",
      ]
    },
    {
      Sid    = "ManageUnnamedServices"
      Effect = "Allow"
      Action = [
        "acm:AddTagsToCertificate",
        "acm:DeleteCertificate",
        "acm:DescribeCertificate",
        "acm:ListTagsForCertificate",
        "acm:RequestCertificate",
        "application-autoscaling:*",
        "ecs:DeregisterTaskDefinition",
        "ecs:DescribeTaskDefinition",
        "elasticloadbalancing:Describe*",
        "secretsmanager:GetRandomPassword",
      ]
      Resource  = "*"
      Condition = local.in_region
    },
    {
      Sid    = "ReadStreams"
      Effect = "Allow"
      Action = [
        "lambda:CreateEventSourceMapping",
        "lambda:DeleteEventSourceMapping",
        "lambda:GetEventSourceMapping",
        "lambda:ListTags",
        "lambda:TagResource",
        "lambda:UntagResource",
        "lambda:UpdateEventSourceMapping",
      ]
      Resource = "*"
      Condition = {
        ArnLikeIfExists = { "lambda:FunctionArn" = "arn:aws:lambda:${local.region}:${local.account_id}:function:payments-*" }
      }
    },
    {
      # Not the secrets that merchants' webhooks are signed with.
      Sid    = "ManageDashboardKey"
      Effect = "Allow"
      Action = [
        "secretsmanager:CreateSecret",
        "secretsmanager:DeleteSecret",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetResourcePolicy",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:TagResource",
        "secretsmanager:UntagResource",
        "secretsmanager:UpdateSecret",
        "secretsmanager:UpdateSecretVersionStage",
      ]
      Resource = "arn:aws:secretsmanager:${local.region}:${local.account_id}:secret:payments-*-dashboard-csrf-key-*"
    },
    {
      # A global service.
      Sid    = "ManageNames"
      Effect = "Allow"
      Action = [
        "route53:AssociateVPCWithHostedZone",
        "route53:ChangeResourceRecordSets",
        "route53:ChangeTagsForResource",
        "route53:CreateHostedZone",
        "route53:DeleteHostedZone",
        "route53:DisassociateVPCFromHostedZone",
        "route53:Get*",
        "route53:List*",
        "route53:UpdateHostedZoneComment",
      ]
      Resource = "*"
    },
  ]
}
