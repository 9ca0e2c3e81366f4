"""Reads back what was deployed: the release's digest, the bytes of each function, the alarms.

Where traffic went back to an earlier release, that one serves and a later one stays applied: then
it is the traffic that is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promotion import alarms, record, releases, traffic
from promotion.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promotion.stage import Stage


def look(stage: Stage) -> Iterator[str]:
    """Yield what was found, as sentences.

    Raises:
        Refused: the environment runs something else, or an alarm sounds.
    """
    running = releases.running(stage.planner.client("ssm"))
    if running and traffic.decided(stage.store, stage.environment):
        yield from _look_at_traffic(stage, running)
        return
    record.check_everywhere({stage.environment: running}, stage.release.digest)
    yield f"{stage.environment} runs release {stage.release.digest}"
    root = stage.root(stage.planner)
    root.init()
    functions = root.outputs().get("functions") or {}
    released = {item["sha256_base64"] for item in stage.release.manifest["functions"].values()}
    awslambda = stage.planner.client("lambda")
    for function in functions.values():
        found = awslambda.get_function_configuration(
            FunctionName=function["name"], Qualifier=str(function["version"])
        )["CodeSha256"]
        if found not in released:
            raise Refused(
                rule="code-not-released",
                evidence=f"version {function['version']} of {function['name']} has SHA-256 "
                f"{found}, which no zip of the release has",
                fix="find out who published it (CloudTrail), then run the stage again",
                override="nobody",
            )
        yield f"{function['name']} version {function['version']} is of this release"
    alarms.check_quiet(stage.planner.client("cloudwatch"), stage.environment)
    yield "no alarm sounds"


def _look_at_traffic(stage: Stage, running: str) -> Iterator[str]:
    """See that all calls reach a release's version, while another one is applied.

    Alarms are told and don't refuse: what sent traffic back may sound a while longer.
    """
    digest = stage.release.digest
    version = traffic.version_of(stage.store, stage.environment, digest)
    root = stage.root(stage.planner)
    root.init()
    function = traffic.Function.of(root.outputs())
    found = traffic.live(stage.planner.client("lambda"), function.name) if function else None
    if function is None or found != (version, {}):
        raise Refused(
            rule="traffic-elsewhere",
            evidence=f"release {digest} has version {version}, and calls reach {found}",
            fix="run prod-shift again for the release that is to serve",
            override="nobody",
        )
    yield f"all traffic reaches version {version} of {function.name}, of release {digest}"
    yield f"release {running} is applied, and gets none"
    for alarm in alarms.sounding(stage.planner.client("cloudwatch"), stage.environment):
        yield f"still sounding: {alarm}"
