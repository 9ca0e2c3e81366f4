"""Starting, emptying and ending the embedded AWS."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from harness.aws import EmbeddedAWS

DEV = "444444444444"


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_close_leaves_no_thread_and_no_port() -> None:
    before = set(threading.enumerate())
    aws = EmbeddedAWS()
    port = int(aws.endpoint_url.rpartition(":")[2])
    aws.client("sqs", DEV).list_queues()
    idle = HTTPConnection("127.0.0.1", port, timeout=30)
    idle.connect()
    assert listens(port)
    aws.close()
    aws.close()
    assert not listens(port)
    assert set(threading.enumerate()) == before
    idle.close()


def test_a_context_closes_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), EmbeddedAWS():
        raise ZeroDivisionError
    with EmbeddedAWS():
        pass


def test_one_process_runs_one() -> None:
    with EmbeddedAWS(), pytest.raises(RuntimeError, match="already runs an EmbeddedAWS"):
        EmbeddedAWS()


def test_a_taken_port_is_reported_and_nothing_is_left_running() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            EmbeddedAWS(port=taken.getsockname()[1])
    with EmbeddedAWS():
        pass


def test_reset_empties_accounts_and_refuses_earlier_sessions() -> None:
    with EmbeddedAWS() as aws:
        environment = aws.environment()
        earlier = aws.client("sqs", DEV)
        earlier.create_queue(QueueName="payments")
        aws.reset()
        assert "QueueUrls" not in aws.client("sqs", DEV).list_queues()
        with pytest.raises(ClientError, match="security token"):
            earlier.list_queues()
        assert aws.environment() == environment


def test_connections_stay_open() -> None:
    with EmbeddedAWS() as aws:
        address = urlsplit(aws.endpoint_url)
        connection = HTTPConnection(str(address.hostname), address.port, timeout=30)
        for _ in range(3):
            connection.request("GET", "/_embedded/credentials/none")
            answer = connection.getresponse()
            answer.read()
            assert answer.version == 11
            assert answer.getheader("Connection") != "close"
            opened = connection.sock
            assert opened is not None
        connection.close()


def test_the_command_line_runs_until_interrupted() -> None:
    command = [sys.executable, "-u", "-m", "harness.aws"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    try:
        printed = process.stdout.readline()
        match = re.fullmatch(r"export AWS_ENDPOINT_URL=http://127\.0\.0\.1:(\d+)\n", printed)
        assert match
        assert listens(int(match[1]))
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.stdout.close()
        process.wait(timeout=60)
