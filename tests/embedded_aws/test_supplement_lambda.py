"""Lambda through boto3, where moto alone fails."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    Clients = Callable[[str], Any]

QUEUE = "arn:aws:sqs:eu-west-1:444444444444:dead-letters"
LOGGING = {
    "LogFormat": "JSON",
    "ApplicationLogLevel": "INFO",
    "SystemLogLevel": "WARN",
    "LogGroup": "/service",
}
SIGNING_PROFILE = "arn:aws:signer:eu-west-1:444444444444:/signing-profiles/release/aB3dE6gH9j"


@pytest.fixture
def functions(client: Clients, function_zip: bytes) -> Any:
    """Publish version 1 of the function ``service``, with an alias ``live``; return the client."""
    role = client("iam").create_role(RoleName="service", AssumeRolePolicyDocument="{}")
    functions = client("lambda")
    functions.create_function(
        FunctionName="service",
        Role=role["Role"]["Arn"],
        Runtime="python3.13",
        Handler="service.handle",
        Code={"ZipFile": function_zip},
        DeadLetterConfig={"TargetArn": QUEUE},
        LoggingConfig=LOGGING,
        Publish=True,
    )
    functions.create_alias(FunctionName="service", Name="live", FunctionVersion="1")
    return functions


@pytest.mark.mends("lambda:UpdateFunctionConfiguration")
def test_a_configuration_is_kept_per_version(functions: Any) -> None:
    changed = functions.update_function_configuration(
        FunctionName="service",
        DeadLetterConfig={"TargetArn": ""},
        LoggingConfig={"LogFormat": "Text"},
        KMSKeyArn="arn:aws:kms:eu-west-1:444444444444:key/1",
        TracingConfig={"Mode": "Active"},
        EphemeralStorage={"Size": 1024},
    )
    assert "DeadLetterConfig" not in changed
    assert changed["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/aws/lambda/service"}
    assert changed["KMSKeyArn"].endswith("key/1")
    assert changed["TracingConfig"] == {"Mode": "Active"}
    assert changed["EphemeralStorage"] == {"Size": 1024}
    live = functions.get_function_configuration(FunctionName="service", Qualifier="live")
    assert live["DeadLetterConfig"] == {"TargetArn": QUEUE}
    assert live["LoggingConfig"] == LOGGING


@pytest.mark.mends("lambda:GetFunction")
def test_deployed_code_can_be_fetched(functions: Any, function_zip: bytes) -> None:
    functions.update_function_code(FunctionName="service", ZipFile=b"newer")
    code = functions.get_function(FunctionName="service", Qualifier="live")["Code"]
    assert code["Location"].startswith("http://127.0.0.1:")
    with urllib.request.urlopen(code["Location"], timeout=30) as answer:  # noqa: S310 - loopback
        assert answer.read() == function_zip


@pytest.mark.mends("lambda:AddPermission")
def test_permissions_belong_to_a_qualifier(functions: Any) -> None:
    statement = {
        "FunctionName": "service",
        "StatementId": "invoke",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
    }
    functions.add_permission(**statement)
    functions.add_permission(**statement, Qualifier="live")
    with pytest.raises(functions.exceptions.ResourceConflictException):
        functions.add_permission(**statement, Qualifier="live")

    policy = functions.get_policy(FunctionName="service", Qualifier="live")["Policy"]
    assert [each["Resource"][-5:] for each in json.loads(policy)["Statement"]] == [":live"]
    functions.remove_permission(FunctionName="service", StatementId="invoke", Qualifier="live")
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_policy(FunctionName="service", Qualifier="live")
    assert "invoke" in functions.get_policy(FunctionName="service")["Policy"]
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.remove_permission(FunctionName="service", StatementId="invoke", Qualifier="live")


@pytest.mark.mends("lambda:PutFunctionEventInvokeConfig")
def test_asynchronous_settings_belong_to_a_qualifier(functions: Any) -> None:
    live = {"FunctionName": "service", "Qualifier": "live"}
    functions.put_function_event_invoke_config(
        **live,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": QUEUE}},
    )
    functions.update_function_event_invoke_config(**live, MaximumEventAgeInSeconds=60)
    config = functions.get_function_event_invoke_config(**live)
    assert config["FunctionArn"].endswith(":function:service:live")
    assert config["MaximumRetryAttempts"] == 1
    assert config["MaximumEventAgeInSeconds"] == 60
    assert config["DestinationConfig"]["OnFailure"] == {"Destination": QUEUE}
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_function_event_invoke_config(FunctionName="service")
    functions.delete_function_event_invoke_config(**live)
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_function_event_invoke_config(**live)


@pytest.mark.mends("lambda:PutProvisionedConcurrencyConfig")
def test_concurrency_is_provisioned_on_an_alias(functions: Any) -> None:
    live = {"FunctionName": "service", "Qualifier": "live"}
    functions.put_provisioned_concurrency_config(**live, ProvisionedConcurrentExecutions=2)
    provisioned = functions.get_provisioned_concurrency_config(**live)
    assert provisioned["Status"] == "READY"
    assert provisioned["AllocatedProvisionedConcurrentExecutions"] == 2
    functions.delete_provisioned_concurrency_config(**live)
    with pytest.raises(functions.exceptions.ProvisionedConcurrencyConfigNotFoundException):
        functions.get_provisioned_concurrency_config(**live)
    with pytest.raises(ClientError, match="alias or a published version"):
        functions.put_provisioned_concurrency_config(
            FunctionName="service", Qualifier="$LATEST", ProvisionedConcurrentExecutions=1
        )


@pytest.mark.mends("lambda:CreateCodeSigningConfig")
def test_code_signing_is_configured_and_attached(functions: Any) -> None:
    publishers = {"SigningProfileVersionArns": [SIGNING_PROFILE]}
    created = functions.create_code_signing_config(AllowedPublishers=publishers, Tags={"a": "1"})
    arn = created["CodeSigningConfig"]["CodeSigningConfigArn"]
    functions.put_function_code_signing_config(FunctionName="service", CodeSigningConfigArn=arn)
    attached = functions.get_function_code_signing_config(FunctionName="service")
    assert attached["CodeSigningConfigArn"] == arn

    policies = {"UntrustedArtifactOnDeployment": "Enforce"}
    functions.update_code_signing_config(CodeSigningConfigArn=arn, CodeSigningPolicies=policies)
    config = functions.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"]
    assert config["CodeSigningPolicies"] == policies
    assert config["AllowedPublishers"] == publishers
    functions.tag_resource(Resource=arn, Tags={"b": "2"})
    functions.untag_resource(Resource=arn, TagKeys=["a"])
    assert functions.list_tags(Resource=arn)["Tags"] == {"b": "2"}

    with pytest.raises(functions.exceptions.ResourceConflictException):
        functions.delete_code_signing_config(CodeSigningConfigArn=arn)
    functions.delete_function_code_signing_config(FunctionName="service")
    functions.delete_code_signing_config(CodeSigningConfigArn=arn)
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_code_signing_config(CodeSigningConfigArn=arn)
