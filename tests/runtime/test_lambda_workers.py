"""Functions run as on Lambda: their environment, failures, limits and logs."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from moto.awslambda.models import lambda_backends

from harness.edge import EdgeError, FunctionError

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3

    from harness.edge import Edge

ACCOUNT, REGION = "444444444444", "eu-west-1"

INSPECT = """
import json, os, sys
def handle(event, context):
    if event == "import":
        import payment_core
    if event == "moto":
        import moto
    if event == "whoami":
        import boto3
        return boto3.client("sts").get_caller_identity()["Arn"]
    return {
        "environment": dict(os.environ),
        "event": event,
        "request_id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "remaining": context.get_remaining_time_in_millis(),
        "memory": context.memory_limit_in_mb,
        "stream": context.log_stream_name,
        "file": open("data/hello.txt").read(),
    }
"""
MOODY = """
import os, signal, sys, time
print("loaded")
def handle(event, context):
    print("line one"); print("line two", file=sys.stderr)
    if event == "raise":
        raise ValueError("bad input")
    if event == "exit":
        sys.exit(7)
    if event == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if event == "hang":
        time.sleep(60)
    if event == "nap":
        time.sleep(0.4)
    return os.getpid()
"""
BROKEN = "import no_such_module\ndef handle(event, context): pass\n"
SLOW_TO_LOAD = "import time\ntime.sleep(10.5)\ndef handle(event, context): return 'loaded'\n"
DYING = "import os\nos._exit(9)\n"


@pytest.fixture(scope="module", autouse=True)
def _functions(deploy: Callable[..., str], session: boto3.Session) -> None:
    deploy("inspect", INSPECT, MemorySize=256, Environment={"Variables": {"COLOR": "blue"}})
    deploy("moody", MOODY, Timeout=2)
    deploy("talkative", MOODY)
    deploy("warm", MOODY)
    deploy("broken", BROKEN)
    deploy("dying", DYING)
    deploy("slow", SLOW_TO_LOAD, Timeout=60)
    deploy("slower", SLOW_TO_LOAD.replace("10.5", "60"), Timeout=1)
    deploy("structured", MOODY, LoggingConfig={"LogFormat": "JSON", "LogGroup": "/services/json"})
    deploy("pair", MOODY)
    session.client("lambda").put_function_concurrency(
        FunctionName="pair", ReservedConcurrentExecutions=2
    )
    session.client("logs").create_log_group(logGroupName="/services/json")


def test_a_function_sees_what_lambda_gives_it(edge: Edge) -> None:
    seen = edge.invoke("inspect", {"a": 1})
    environment = seen["environment"]
    assert seen["event"] == {"a": 1}
    assert seen["arn"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:inspect"
    assert seen["memory"] == "256"
    assert seen["file"] == "from the zip"
    assert 0 < seen["remaining"] <= 5000
    assert environment["COLOR"] == "blue"
    assert environment["_HANDLER"] == "app.handle"
    assert environment["AWS_REGION"] == REGION
    assert environment["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "inspect"
    assert environment["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/inspect"
    assert environment["AWS_LAMBDA_LOG_STREAM_NAME"] == seen["stream"]


def test_a_function_sees_nothing_of_the_machine(edge: Edge) -> None:
    names = edge.invoke("inspect", {})["environment"]
    others = {name for name in names if not name.startswith(("AWS_", "LAMBDA_"))}
    known = {"PATH", "LANG", "LC_CTYPE", "TZ", "PYTHONPATH", "_HANDLER", "_X_AMZN_TRACE_ID"}
    assert others - known == {"COLOR"}


@pytest.mark.parametrize("module", ["payment_core", "moto"])
def test_a_module_that_is_not_in_the_zip_is_missing(edge: Edge, module: str) -> None:
    wanted = "import" if module == "payment_core" else module
    with pytest.raises(FunctionError, match=f"No module named '{module}'"):
        edge.invoke("inspect", wanted)


def test_a_function_is_its_role(edge: Edge) -> None:
    assert edge.invoke("inspect", "whoami") == (
        f"arn:aws:sts::{ACCOUNT}:assumed-role/inspect-role/inspect"
    )


def test_a_worker_is_kept_warm(edge: Edge) -> None:
    pids = {edge.invoke("warm", "") for _ in range(10)}
    assert edge.worker_pids("warm") == list(pids)


def test_an_exception_is_reported_and_the_worker_survives(edge: Edge) -> None:
    before = edge.invoke("moody", "")
    with pytest.raises(FunctionError, match="ValueError: bad input") as failed:
        edge.invoke("moody", "raise")
    assert failed.value.payload["stackTrace"]
    assert edge.invoke("moody", "") == before


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ("exit", r"Runtime exited with error: exit status 7"),
        ("kill", r"Runtime exited with error: signal: SIGKILL"),
        ("hang", r"Task timed out after 2\.00 seconds"),
    ],
)
def test_a_dead_worker_fails_its_invocation_and_is_replaced(
    edge: Edge, event: str, message: str
) -> None:
    before = edge.invoke("moody", "")
    with pytest.raises(FunctionError, match=message):
        edge.invoke("moody", event)
    assert edge.invoke("moody", "") != before
    assert before not in edge.worker_pids("moody")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", r"Runtime\.ImportModuleError: .*no_such_module"),
        ("dying", r"Runtime\.ExitError: Runtime exited with error: exit status 9"),
    ],
)
def test_a_function_that_cannot_be_loaded_says_so_each_time(
    edge: Edge, name: str, message: str
) -> None:
    for _ in range(2):
        with pytest.raises(FunctionError, match=message):
            edge.invoke(name, {})
    assert edge.worker_pids(name) == []


def test_loading_beyond_ten_seconds_counts_against_the_functions_timeout(edge: Edge) -> None:
    with ThreadPoolExecutor(2) as threads:
        loaded = threads.submit(edge.invoke, "slow", {})
        hung = threads.submit(edge.invoke, "slower", {})
        assert loaded.result() == "loaded"
        with pytest.raises(FunctionError, match="didn't start within 11 seconds"):
            hung.result()


def test_an_unknown_function_or_alias_is_named(edge: Edge) -> None:
    with pytest.raises(EdgeError, match="Function not found: nobody"):
        edge.invoke("nobody", {})
    with pytest.raises(EdgeError, match="Cannot find alias moody:live"):
        edge.invoke("moody", {}, qualifier="live")


def test_workers_are_added_up_to_the_reserved_concurrency(edge: Edge) -> None:
    def call(_: int) -> Any:
        try:
            return edge.invoke("pair", "nap")
        except EdgeError as error:
            return str(error)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(call, range(4)))
    refused = [answer for answer in answers if isinstance(answer, str)]
    assert len(refused) == 2
    assert all("Rate Exceeded: pair has a reserved concurrency of 2" in text for text in refused)
    assert len(set(answers) - set(refused)) == 2


def test_an_unreserved_function_queues_for_a_bounded_pool(edge: Edge) -> None:
    with ThreadPoolExecutor(20) as threads:
        pids = set(threads.map(lambda _: edge.invoke("moody", "nap"), range(20)))
    assert 1 < len(pids) <= 4 * (os.cpu_count() or 1)


def messages(session: boto3.Session, group: str) -> list[str]:
    events = session.client("logs").filter_log_events(logGroupName=group)["events"]
    return [event["message"] for event in events]


def test_what_functions_print_arrives_between_start_and_report(
    edge: Edge, session: boto3.Session
) -> None:
    edge.invoke("talkative", "")
    with pytest.raises(FunctionError):
        edge.invoke("talkative", "raise")
    edge.flush_logs()
    lines = messages(session, "/aws/lambda/talkative")
    kinds = [line.split()[0] for line in lines]
    once = ["START", "line", "line"]
    assert kinds == ["loaded", *once, "END", "REPORT", *once, "[ERROR]", "END", "REPORT"]
    assert "\nTraceback" in lines[9]
    report = re.fullmatch(
        r"REPORT RequestId: \S+\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 128 MB\tMax Memory Used: (\d+) MB\tInit Duration: [\d.]+ ms\n",
        lines[5],
    )
    assert report is not None
    assert int(report[1]) > 5
    assert lines[-1].endswith("Status: error\n")


def test_structured_logs_go_to_the_configured_group(edge: Edge, session: boto3.Session) -> None:
    edge.invoke("structured", "")
    edge.flush_logs()
    lines = messages(session, "/services/json")
    assert json.loads(lines[-1])["type"] == "platform.report"
    assert json.loads(lines[-1])["record"]["status"] == "success"
    platform = [json.loads(line)["type"] for line in lines if '"platform.' in line]
    assert platform == ["platform.start", "platform.report"]


def test_a_killed_worker_leaves_its_last_words(edge: Edge, session: boto3.Session) -> None:
    with pytest.raises(FunctionError):
        edge.invoke("moody", "kill")
    edge.flush_logs()
    lines = messages(session, "/aws/lambda/moody")
    assert any("signal: SIGKILL" in line for line in lines)


def test_code_that_is_not_what_was_deployed_does_not_run(
    deploy: Callable[..., str], edge: Edge
) -> None:
    deploy("tampered", MOODY)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        zipped.writestr("app.py", "def handle(event, context): return 'mine'")
    lambda_backends[ACCOUNT][REGION].get_function("tampered").code_bytes = content.getvalue()
    with pytest.raises(EdgeError, match="The code of tampered has SHA-256"):
        edge.invoke("tampered", {})
