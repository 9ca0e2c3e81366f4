"""A repository of somebody who uses @terraform, in which pytest runs as for them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

TOPIC = Path(__file__).parent / "terraform/topic"


@pytest.fixture
def repository(pytester: pytest.Pytester) -> pytest.Pytester:
    """One test file of theirs beside a folder `topic`, and strict markers."""
    shutil.copytree(TOPIC, pytester.path / "topic")
    quick = "-p no:hypothesispytest -p no:schemathesis -p no:cacheprovider"
    pytester.makeini(f"[pytest]\naddopts = --strict-markers {quick}\n")
    pytester.makepyfile(
        test_topic="""
        from harness.pytest_terraform import terraform

        @terraform("topic", scope="session")
        def test_topic(topic):
            assert topic["notices.name"] == "desk-notices"
            assert topic.outputs["topic_arn"]["value"].endswith("desk-notices")
        """
    )
    return pytester
