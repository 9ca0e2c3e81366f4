# Each project has a role of its own, which may enter the accounts of its stage in the way that its stage needs, and no others.

resource "aws_iam_role" "project" {
  for_each = local.projects

  name                 = local.project_names[each.key]
  description          = "Runs builds of ${local.project_names[each.key]}"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetTheProjectBuild"
      Effect    = "Allow"
      Principal = { Service = "codebuild.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnEquals    = { "aws:SourceArn" = local.project_arns[each.key] }
        StringEquals = { "aws:SourceAccount" = local.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "project" {
  for_each = local.projects

  name = "build"
  role = aws_iam_role.project[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      local.common_statements[each.key],
      local.entering_statements[each.key],
      local.signing_statements[each.key],
      [for statement in local.reading_statements : statement if each.value.reads_pipeline],
      local.network_statements,
    )
  })
}

locals {
  released_source = "releases/current/source.zip"

  # What a project leaves in the store, besides what CodePipeline takes from it.
  kept_by = {
    for project, traits in local.projects : project => concat(
      project == "build" ? ["${local.pipeline_folder}/*", "releases/*"] : [],
      project == "record" ? [local.released_source] : [],
      [for environment in traits.plans ? traits.enters : [] : "plans/${environment}/*"],
      contains(["drift", "verify"], project) ? [] : ["records/*"],
    )
  }

  common_statements = {
    for project in keys(local.projects) : project => concat(
      [
        {
          Sid      = "WriteLogs"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = "${aws_cloudwatch_log_group.project[project].arn}:*"
        },
        {
          Sid      = "FindArtifacts"
          Effect   = "Allow"
          Action   = ["s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:ListBucket"]
          Resource = aws_s3_bucket.artifacts.arn
        },
        {
          Sid      = "ReadArtifacts"
          Effect   = "Allow"
          Action   = ["s3:GetObject", "s3:GetObjectVersion"]
          Resource = "${aws_s3_bucket.artifacts.arn}/*"
        },
        {
          Sid      = "UseTheArtifactsKey"
          Effect   = "Allow"
          Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
          Resource = aws_kms_key.artifacts.arn
        },
        {
          Sid      = "CheckSignatures"
          Effect   = "Allow"
          Action   = ["kms:DescribeKey", "kms:GetPublicKey", "kms:Verify"]
          Resource = [for key in aws_kms_key.signing : key.arn]
        },
      ],
      [
        for folders in [local.kept_by[project]] : {
          Sid      = "KeepArtifacts"
          Effect   = "Allow"
          Action   = "s3:PutObject"
          Resource = [for folder in folders : "${aws_s3_bucket.artifacts.arn}/${folder}"]
        } if length(folders) > 0
      ],
    )
  }

  entered_roles = {
    for project, traits in local.projects : project => flatten([
      for environment in traits.enters : [
        for role in traits.as : "arn:${local.partition}:iam::${var.accounts[environment]}:role/${role}"
      ]
    ])
  }

  entering_statements = {
    for project, roles in local.entered_roles : project => [
      for resources in [roles] : {
        Sid      = "EnterAccounts"
        Effect   = "Allow"
        Action   = ["sts:AssumeRole", "sts:TagSession"]
        Resource = resources
      } if length(resources) > 0
    ]
  }

  signing_statements = {
    for project in keys(local.projects) : project => [
      for thing, signed in local.signed : {
        Sid       = "Sign${title(thing)}s"
        Effect    = "Allow"
        Action    = "kms:Sign"
        Resource  = aws_kms_key.signing[thing].arn
        Condition = { StringEquals = { "kms:SigningAlgorithm" = "ECDSA_SHA_256" } }
      } if contains(signed.projects, project)
    ]
  }

  reading_statements = [
    {
      Sid    = "ReadThePipeline"
      Effect = "Allow"
      Action = [
        "codepipeline:GetPipeline",
        "codepipeline:GetPipelineExecution",
        "codepipeline:GetPipelineState",
        "codepipeline:ListActionExecutions",
        "codepipeline:ListPipelineExecutions",
      ]
      Resource = local.pipeline_arn
    },
  ]

  network_statements = flatten([
    for network in var.network[*] : [
      {
        Sid    = "FindTheNetwork"
        Effect = "Allow"
        Action = [
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeDhcpOptions",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSecurityGroups",
          "ec2:DescribeSubnets",
          "ec2:DescribeVpcs",
        ]
        Resource = "*"
      },
      {
        Sid      = "LetCodeBuildUseTheNetwork"
        Effect   = "Allow"
        Action   = "ec2:CreateNetworkInterfacePermission"
        Resource = "arn:${local.partition}:ec2:${local.region}:${local.account_id}:network-interface/*"
        Condition = {
          ArnEquals    = { "ec2:Subnet" = [for id in sort(network.subnet_ids) : "arn:${local.partition}:ec2:${local.region}:${local.account_id}:subnet/${id}"] }
          StringEquals = { "ec2:AuthorizedService" = "codebuild.amazonaws.com" }
        }
      },
    ]
  ])
}
