"""Warm providers: kept from plan to plan, never shared across accounts, never left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from harness.terraform import DiscoveryError, Terraform, TerraformError
from harness.terraform.runner import MODE
from harness.terraform.store import SETTING as CACHE
from harness.terraform.warm import WarmProviders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.aws import Call, EmbeddedAWS
    from harness.terraform import Root

ACCOUNT = "444444444444"
OTHER_ACCOUNT = "555555555555"
DEPLOY = "arn:aws:iam::{}:role/payments-deploy"
LOCK = Path(__file__).resolve().parents[2] / "environments/dev/.terraform.lock.hcl"
WAIT_SECONDS = 30

PROVIDER = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}
"""
TOPIC = (
    PROVIDER
    + """
variable "name" {
  type    = string
  default = "payments"
}

resource "aws_sns_topic" "events" {
  name = var.name
}
"""
)
TWO_ACCOUNTS = PROVIDER + "".join(
    f"""
provider "aws" {{
  alias = "{alias}"
  assume_role {{
    role_arn = "{DEPLOY.format(account_id)}"
  }}
}}

data "aws_caller_identity" "{alias}" {{
  provider = aws.{alias}
}}

resource "aws_sns_topic" "{alias}" {{
  provider = aws.{alias}
  name     = "{alias}"
}}

output "{alias}" {{
  value = data.aws_caller_identity.{alias}.account_id
}}
"""
    for alias, account_id in (("payments", ACCOUNT), ("logs", OTHER_ACCOUNT))
)


@pytest.fixture
def warm() -> Iterator[WarmProviders]:
    """Providers of the test's own, so that it can count and kill them."""
    providers = WarmProviders()
    yield providers
    providers.close()


@pytest.fixture
def make(
    terraform: Terraform, aws: EmbeddedAWS, warm: WarmProviders, tmp_path: Path
) -> Callable[..., Root]:
    """Write a root and initialise it with the test's warm providers."""

    def root(text: str, name: str = "root", *, providers: WarmProviders = warm) -> Root:
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "main.tf").write_text(text)
        made = Terraform(terraform.cli, terraform.providers, providers).root(
            tmp_path / name, workdir=tmp_path / f"{name}-run", environment=aws.environment(ACCOUNT)
        )
        made.init()
        return made

    return root


def providers_of(warm: WarmProviders) -> list[psutil.Process]:
    return [child for pid in warm.supervisor_pids for child in psutil.Process(pid).children()]


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"after {WAIT_SECONDS} s still not: {what}"
        time.sleep(0.05)


def test_one_provider_serves_every_plan_of_a_configuration(
    make: Callable[..., Root], warm: WarmProviders
) -> None:
    root = make(TOPIC)
    root.plan()
    (first,) = providers_of(warm)
    names = {
        root.plan_from_nothing({"name": name}).resources["aws_sns_topic.events"].values["name"]
        for name in ("payments", "refunds")
    }
    assert names == {"payments", "refunds"}
    root.apply()
    assert root.plan().is_empty
    assert providers_of(warm) == [first]


def test_every_account_has_a_provider_of_its_own(
    make: Callable[..., Root], warm: WarmProviders, aws: EmbeddedAWS
) -> None:
    root = make(TWO_ACCOUNTS)
    assert dict(root.plan().outputs) == {"logs": OTHER_ACCOUNT, "payments": ACCOUNT}
    assert len(providers_of(warm)) == 2
    root.apply()
    for account_id, name in ((ACCOUNT, "payments"), (OTHER_ACCOUNT, "logs")):
        topics = aws.client("sns", account_id).list_topics()["Topics"]
        assert f"arn:aws:sns:eu-west-1:{account_id}:{name}" in {item["TopicArn"] for item in topics}
    root.destroy()


def test_every_working_directory_has_a_provider_of_its_own(
    make: Callable[..., Root], warm: WarmProviders
) -> None:
    roots = [make(TOPIC, name) for name in ("one", "two")]
    for root in roots:
        root.plan()
    assert {Path(process.cwd()) for process in providers_of(warm)} == {
        root.workdir / "stage" for root in roots
    }


def test_providers_waiting_for_work_are_bounded(make: Callable[..., Root]) -> None:
    few = WarmProviders(idle_places=2)
    try:
        for name in ("one", "two", "three"):
            make(TOPIC, name, providers=few).plan()
        assert {Path(process.cwd()).parts[-2] for process in providers_of(few)} == {
            "two-run",
            "three-run",
        }
    finally:
        few.close()


def test_the_end_of_a_process_ends_its_providers(
    make: Callable[..., Root], warm: WarmProviders
) -> None:
    make(TOPIC).plan()
    (provider,) = providers_of(warm)
    warm.close()
    assert not provider.is_running()


def test_a_reset_of_the_embedded_aws_ends_the_providers(
    terraform: Terraform, aws: EmbeddedAWS, tmp_path: Path
) -> None:
    assert terraform.warm is not None
    (tmp_path / "main.tf").write_text(TOPIC)

    def topics_owner() -> str:
        root = terraform.root(
            tmp_path, workdir=tmp_path / "run", environment=aws.environment(ACCOUNT)
        )
        root.init()
        root.apply()
        topics = aws.client("sns", ACCOUNT).list_topics()["Topics"]
        return ",".join(item["TopicArn"] for item in topics)

    expected = f"arn:aws:sns:eu-west-1:{ACCOUNT}:payments"
    assert topics_owner() == expected
    before = providers_of(terraform.warm)
    assert before
    aws.reset()
    assert not [process for process in before if process.is_running()]
    (tmp_path / "run/stage/terraform.tfstate").unlink()
    assert topics_owner() == expected


def test_a_provider_that_dies_in_a_plan_says_so_and_the_next_plan_is_green(
    make: Callable[..., Root], warm: WarmProviders, aws: EmbeddedAWS
) -> None:
    root = make(TWO_ACCOUNTS)
    killed: list[psutil.Process] = []

    def kill(_call: Call) -> None:
        for process in providers_of(warm):
            killed.append(process)
            process.kill()

    root.plan()
    with (
        aws.faults.before(lambda call: call.action == "GetCallerIdentity", kill),
        pytest.raises(TerraformError) as failure,
    ):
        root.plan()
    assert killed
    assert "The AWS provider ended" in str(failure.value)
    assert "Run the command again" in str(failure.value)
    assert dict(root.plan().outputs) == {"logs": OTHER_ACCOUNT, "payments": ACCOUNT}


def test_a_provider_that_dies_in_an_apply_keeps_what_was_made(
    make: Callable[..., Root], warm: WarmProviders, aws: EmbeddedAWS
) -> None:
    aws.reset()
    root = make(
        TOPIC
        + TOPIC[TOPIC.index("resource") :]
        .replace("events", "second")
        .replace("name = var.name", 'name = aws_sns_topic.events.name == "" ? "" : "second"')
    )

    def kill(_call: Call) -> None:
        for process in providers_of(warm):
            process.kill()

    second = lambda call: call.action == "CreateTopic" and b"second" in call.body  # noqa: E731
    with aws.faults.before(second, kill), pytest.raises(TerraformError, match="provider ended"):
        root.apply()
    kept = {item["name"] for item in root.state()["values"]["root_module"]["resources"]}
    assert "events" in kept
    root.apply()
    assert root.plan().is_empty


def test_a_damaged_cache_is_as_good_as_none(
    make: Callable[..., Root], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))

    def planned() -> Any:
        providers = WarmProviders()
        try:
            document = dict(make(TOPIC, providers=providers).plan().document)
        finally:
            providers.close()
        return {key: value for key, value in document.items() if key != "timestamp"}

    first = planned()
    entries = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert {path.name.split("-")[0] for path in entries} >= {"schema", "prepared"}
    for number, path in enumerate(entries):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if number % 2 else whole[:-1] + b"?")
    assert planned() == first
    for path in entries:
        assert path.stat().st_size > 32, "written anew"
        assert path.stat().st_mode & 0o077 == 0


def test_a_cache_that_cannot_be_written_costs_only_time(
    make: Callable[..., Root], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv(CACHE, str(tmp_path / "file/cache"))
    assert not make(TOPIC).plan().is_empty


def test_a_lock_file_decides_which_provider_runs_warm(
    make: Callable[..., Root], terraform: Terraform
) -> None:
    with pytest.raises(TerraformError) as refused:
        make(TOPIC.replace(">= 5.100, < 7.0", "5.99.0"))
    assert "5.99.0" in str(refused.value)
    assert str(terraform.providers.location) in str(refused.value)


def test_roots_that_name_no_provider_are_told_apart(make: Callable[..., Root]) -> None:
    value = 'output "of_nothing" {\n  value = 1\n}\n'
    topic = TOPIC.removeprefix(PROVIDER)
    assert make(value, "nothing").plan().resources == {}
    assert "aws_sns_topic.events" in make(topic, "topic").plan().resources
    assert make(value, "nothing").plan().resources == {}


def test_outputs_are_read_where_only_another_root_was_installed(
    make: Callable[..., Root], tmp_path: Path
) -> None:
    text = TOPIC + 'output "name" {\n  value = aws_sns_topic.events.name\n}\n'
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        shutil.copy(LOCK, tmp_path / name)
        root = make(text, name)
    root.apply()
    assert root.outputs()["name"] == "payments"
    root.destroy()


def test_a_real_account_never_meets_a_warm_provider(
    terraform: Terraform, warm: WarmProviders, tmp_path: Path
) -> None:
    (tmp_path / "main.tf").write_text(TOPIC)
    for number, endpoint in enumerate(({}, {"AWS_ENDPOINT_URL": "https://sts.amazonaws.com"})):
        root = Terraform(terraform.cli, terraform.providers, warm).root(
            tmp_path,
            workdir=tmp_path / f"run{number}",
            environment={"AWS_ACCESS_KEY_ID": "AKIA", "AWS_REGION": "eu-west-1", **endpoint},
        )
        root.init()
        root.provider_schemas()
    assert warm.pid is None


def test_an_unknown_mode_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODE, "cold")
    with pytest.raises(DiscoveryError, match="can be 'warm' or 'stock'"):
        Terraform.discover()


def test_roots_planned_by_many_threads_share_the_proxy(
    make: Callable[..., Root], warm: WarmProviders
) -> None:
    roots = [make(TOPIC, f"root{number}") for number in range(4)]
    barrier = threading.Barrier(len(roots))

    def plan(root: Root) -> str:
        barrier.wait()
        return str(root.plan())

    with ThreadPoolExecutor(len(roots)) as executor:
        assert len(set(executor.map(plan, roots))) == 1
    assert len(providers_of(warm)) == len(roots)


RUN = """
import sys, time
from pathlib import Path
from harness.aws import EmbeddedAWS
from harness.terraform import Terraform

directory, workdir = map(Path, sys.argv[1:3])
with EmbeddedAWS() as aws:
    root = Terraform.discover().root(
        directory, workdir=workdir, environment=aws.environment("444444444444")
    )
    root.init()
    root.plan()
    if "hang" in sys.argv:
        def hang(call):
            print("applying", flush=True)
            time.sleep(600)
        with aws.faults.before(lambda call: call.action == "CreateTopic", hang):
            root.apply()
    root.apply()
    print("empty" if root.plan().is_empty else "not empty", flush=True)
    root.destroy()
"""


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A temporary directory whose name leaves room for a socket's."""
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


def listing(directory: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(directory.rglob("*"))}


def test_a_killed_run_leaves_no_process_and_no_file_and_the_next_is_green(
    tmp_path: Path, short_path: Path
) -> None:
    directory = tmp_path / "tree"
    directory.mkdir()
    (directory / "main.tf").write_text(TOPIC)
    before = listing(directory)
    command = [sys.executable, "-c", RUN, str(directory), str(tmp_path / "run")]
    environment = {**os.environ, "TMPDIR": str(short_path)}
    with subprocess.Popen(
        [*command, "hang"], stdout=subprocess.PIPE, text=True, env=environment
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "applying\n"
        tree = psutil.Process(run.pid).children(recursive=True)
        names = " ".join(process.name() for process in tree)
        assert "terraform" in names
        assert "terraform-provider" in names
        run.send_signal(signal.SIGKILL)
    wait_for(lambda: not any(alive(process) for process in tree), "all processes gone")
    assert listing(directory) == before
    assert not list(short_path.iterdir())
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.stdout == "empty\n", done.stderr


def test_a_long_temporary_directory_leaves_room_for_the_providers_sockets(tmp_path: Path) -> None:
    """A socket's path has 107 bytes on Linux."""
    (tmp_path / "main.tf").write_text(TOPIC)
    long = tmp_path / ("of-a-long-name" * 6)
    long.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path), str(tmp_path / "run")],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(long)},
        check=False,
    )
    assert done.stdout == "empty\n", done.stderr


TESTS = """
import pytest, time

@pytest.mark.parametrize("number", range(20))
def test_that_takes_long(number):
    print(flush=True)
    time.sleep(60)
"""


def test_a_killed_run_of_several_workers_leaves_no_worker(tmp_path: Path) -> None:
    (tmp_path / "test_long.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-n", "2", "-q", "-p", "no:cacheprovider"]
    with subprocess.Popen(
        [*command, str(tmp_path)], cwd=tmp_path, stdout=subprocess.DEVNULL
    ) as run:
        controller = psutil.Process(run.pid)
        wait_for(lambda: len(controller.children()) == 2, "two workers")
        time.sleep(5)  # for them to take up their tests
        tree = controller.children(recursive=True)
        run.kill()
    wait_for(lambda: not any(alive(process) for process in tree), "all workers gone")


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_two_runs_at_once_in_one_checkout_do_not_meet(tmp_path: Path) -> None:
    directory = tmp_path / "tree"
    directory.mkdir()
    (directory / "main.tf").write_text(TOPIC)
    before = listing(directory)
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", RUN, str(directory), str(tmp_path / f"run{number}")],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, CACHE: str(tmp_path / "cache")},
        )
        for number in range(2)
    ]
    assert [run.communicate(timeout=120)[0] for run in runs] == ["empty\n"] * 2
    assert listing(directory) == before


def test_the_proxy_can_be_killed(make: Callable[..., Root], warm: WarmProviders) -> None:
    root = make(TOPIC)
    root.plan()
    (provider,) = providers_of(warm)
    assert warm.pid is not None
    os.kill(warm.pid, signal.SIGKILL)
    wait_for(lambda: not alive(provider), "the provider gone with its proxy")
    assert not root.plan().is_empty
