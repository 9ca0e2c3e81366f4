"""Whether a function's resource policy lets an AWS service invoke it."""

from __future__ import annotations

from harness.iam import AccessRequest, Decision, Policy, Principal, evaluate


def may_invoke(
    policy: str | None, service: str, *, source_arn: str, account_id: str, function_arn: str
) -> bool:
    """Evaluate Lambda permissions.

    Args:
        policy: the resource policy of the function or alias as JSON; None when it has none.
        service: the principal, such as ``apigateway.amazonaws.com``.
        source_arn: on whose behalf the service invokes, ``aws:SourceArn``.
        account_id: of the source.
        function_arn: with the qualifier that the policy belongs to.

    Raises:
        PolicyError: the policy isn't understood.
    """
    if policy is None:
        return False
    context = {"aws:sourcearn": (source_arn,), "aws:sourceaccount": (account_id,)}
    request = AccessRequest(
        "lambda:InvokeFunction",
        function_arn,
        context.get,
        Principal(account_id, service, service=service),
    )
    statements = Policy(policy, resource_based=True).statements
    return evaluate(statements, request) is Decision.ALLOW
