"""What provider 6 deprecates or has removed, beyond what the schema of 5.100 already marks.

Provider 5.100 must accept the configuration too, so a thing is listed only if the two versions
share a way to do without it. DynamoDB's `hash_key` and `range_key` of indexes are not: 6.x prefers
`key_schema` for them, which 5.100 does not know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from house_rules.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.testing.static import Block, Folder


@dataclass(frozen=True)
class Deprecation:
    """A reference that provider 6 warns about or refuses."""

    pattern: re.Pattern[str]
    reason: str
    instead: str


REFERENCES = (
    Deprecation(
        re.compile(r"\bdata\.aws_region\.\w+(\[[^]]*\])?\.(name|id)\b"),
        "6.x deprecates name and id of aws_region for region, which 5.100 lacks",
        "use `region` or `dns_name` of data.aws_service, or the region in an ARN at hand",
    ),
    Deprecation(
        re.compile(r"\baws_api_gateway_deployment\.\w+(\[[^]]*\])?\.(invoke_url|execution_arn)\b"),
        "6.0 removed it from the deployment",
        "use the attribute of aws_api_gateway_stage",
    ),
    Deprecation(
        re.compile(r"\baws_s3_bucket\.\w+(\[[^]]*\])?\.region\b"),
        "in 6.0 region became the region that the provider is asked to work in",
        "use the region of the provider's configuration",
    ),
)

RESOURCES = {
    "aws_s3_bucket_object": "use aws_s3_object",
    "aws_redshift_service_account": "name the service principal in the policy",
    "aws_simpledb_domain": "6.0 removed it",
    "aws_alb": "use aws_lb",
    "aws_alb_listener": "use aws_lb_listener",
    "aws_alb_target_group": "use aws_lb_target_group",
}

ARGUMENTS = {
    ("aws_guardduty_detector", "datasources"): "use aws_guardduty_detector_feature",
    ("aws_guardduty_organization_configuration", "auto_enable"): (
        "use auto_enable_organization_members"
    ),
    ("aws_ecs_task_definition", "inference_accelerator"): "6.0 removed it",
    ("aws_ssm_parameter", "overwrite"): "let Terraform own the parameter",
}


def nothing_is_deprecated_in_provider_6(folder: Folder) -> Iterator[Finding]:
    """The next major version of the provider must not break what works today."""
    for file in folder.files:
        for number, line in enumerate(file.code, start=1):
            for deprecation in REFERENCES:
                found = deprecation.pattern.search(line)
                if found:
                    problem = f"{found[0]}: {deprecation.reason}"
                    yield Finding(file.path, number, problem, deprecation.instead)
    for block in folder.blocks("resource"):
        kind = block.labels[0]
        if kind in RESOURCES:
            yield Finding(block.file, block.line, f"{kind} is deprecated", RESOURCES[kind])
        for name, at in _arguments(block):
            if (kind, name) in ARGUMENTS:
                problem = f"{name} of {kind} is deprecated"
                yield Finding(block.file, at, problem, ARGUMENTS[kind, name])


def nothing_is_deprecated_in(schema: Mapping[str, Any], folder: Folder) -> Iterator[Finding]:
    """Check against the schema that the installed provider reports about itself."""
    kinds = {"resource": schema["resource_schemas"], "data": schema["data_source_schemas"]}
    for block in folder.blocks(*kinds):
        known = kinds[block.kind].get(block.labels[0])
        if known is None:
            continue  # another provider's, such as terraform_data
        label = ".".join(block.labels)
        if known["block"].get("deprecated"):
            problem = f"{block.labels[0]} is deprecated"
            yield Finding(block.file, block.line, problem, "see the provider's page about it")
        for name, line in _deprecated(block, known["block"]):
            problem = f"{name} of {label} is deprecated"
            yield Finding(block.file, line, problem, "see the provider's page about it")


def _arguments(block: Block) -> Iterator[tuple[str, int]]:
    for attribute in block.attributes.values():
        yield attribute.name, attribute.line
    for inner in block.blocks:
        yield inner.kind, inner.line


def _deprecated(block: Block, schema: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    attributes, blocks = schema.get("attributes", {}), schema.get("block_types", {})
    for attribute in block.attributes.values():
        if attributes.get(attribute.name, {}).get("deprecated"):
            yield attribute.name, attribute.line
    for inner in block.blocks:
        known = blocks.get(inner.kind)
        if known is None:
            continue  # Terraform's own, such as lifecycle
        if known["block"].get("deprecated"):
            yield inner.kind, inner.line
        yield from _deprecated(inner, known["block"])
