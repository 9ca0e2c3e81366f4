"""Where everything that logs ends: in a bucket that keeps it, or nowhere that counts."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from harness.evidence_graphs.checks import Check, Findings
from harness.log_paths import Archive, log_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.evidence_graphs.estate import Root
    from harness.log_paths import LogPath
    from pci_dss.evidence.model import Row

LOGGED = Check(
    "GRAPH_LOGGED",
    "Whatever can log has a log group, which the configuration makes",
    ("10.2.1",),
    "Name a log group, and make it before the service does.",
)
SHIPPED = Check(
    "GRAPH_LOG_PATHS",
    "Every log ends in a locked bucket of the log archive, but for errors of its own delivery",
    ("10.3.2", "10.3.3"),
    "Subscribe the group to a destination of the log archive, without a filter, and lock the bucket"
    " at its end.",
)
CHECKS = (LOGGED, SHIPPED)


def logs(root: Root, archive: Root | None) -> Iterator[Row]:
    """Yield rows for every resource that logs.

    Args:
        root: whose logs are followed.
        archive: the root where they should end; without one it isn't told where they do.
    """
    far_side = archive or root
    ends = Archive.read(far_side.document, account_id=far_side.account_id, region=far_side.region)
    own = _delivery_groups(root)
    by_address: dict[str, list[LogPath]] = defaultdict(list)
    for path in log_paths(root.document, ends):
        if path.source.address not in own:
            by_address[path.source.address].append(path)
    for address, paths in by_address.items():
        if paths[0].source.kind != "log group":
            yield from LOGGED.rows(root, address, _logged(paths))
        if shipped := [path for path in paths if not path.source.problem]:
            found = _shipped(shipped)
            if archive is None:
                found = Findings(undecided=["the log archive's root wasn't looked at"])
            yield from SHIPPED.rows(root, address, found)


def _logged(paths: list[LogPath]) -> Findings:
    found = Findings()
    for source in (path.source for path in paths):
        found.evaluated[source.logs] = source.group or source.problem or "a bucket, by itself"
        if source.problem:
            told = found.undecided if source.undecided else found.wrong
            told.append(f"{source.logs}: {source.problem}")
    return found


def _shipped(paths: list[LogPath]) -> Findings:
    found = Findings()
    for path in paths:
        ends = f"locked: {path.lock}" if path.lock else path.problem
        found.evaluated[path.source.logs] = [*path.steps, ends]
        if path.problem:
            told = found.undecided if path.undecided else found.wrong
            told.append(f"{path.source.logs}: {path.problem}")
    return found


def _delivery_groups(root: Root) -> set[str]:
    """Return the groups where delivery streams log their errors: shipped, these would recurse."""
    names = {
        options.get("log_group_name")
        for stream in root.resources.of("aws_kinesis_firehose_delivery_stream")
        for target in stream.values.get("extended_s3_configuration") or ()
        for options in target.get("cloudwatch_logging_options") or ()
    }
    groups = root.resources.of("aws_cloudwatch_log_group")
    return {group.address for group in groups if group.values.get("name") in names - {None}}
