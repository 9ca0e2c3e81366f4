"""The command line: ``python -m log_archive_verifier --help``."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from log_archive_verifier.evidence import Collected, Evidence, EvidenceError, read_keys
from log_archive_verifier.locks import COMPLIANCE, GOVERNANCE, Requirement
from log_archive_verifier.report import verify

if TYPE_CHECKING:
    from collections.abc import Sequence

FOUND_NOTHING, FOUND_SOMETHING, FAILED = 0, 1, 2

DESCRIPTION = """\
Tells whether archived logs are what CloudTrail wrote, and whether they are locked.

collect reads a bucket and CloudTrail's public keys, with your AWS credentials, into a directory;
verify needs that directory and no network."""

EXIT_STATUS = """\
exit status: 0 when nothing is wrong, 1 when verify found something, 2 when a step failed"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _collect(options) if options.step == "collect" else _verify(options)
    except (EvidenceError, FileExistsError) as error:
        print(error, file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m log_archive_verifier",
        description=DESCRIPTION,
        epilog=EXIT_STATUS,
        formatter_class=raw,
    )
    steps = parser.add_subparsers(dest="step", required=True)
    _add_collect(steps.add_parser("collect", help="read a bucket into a directory"))
    _add_verify(
        steps.add_parser(
            "verify", help="verify what was collected", epilog=EXIT_STATUS, formatter_class=raw
        )
    )
    return parser


def _add_collect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, help="is made; must be empty")
    parser.add_argument("--bucket", required=True, help="the bucket's name")
    parser.add_argument("--trail-arn", help="the trail that writes to it; without: locks alone")
    parser.add_argument(
        "--from",
        dest="start",
        type=_moment,
        help="beginning of the period, as 2026-01-31 or 2026-01-31T14:00Z (a day before its end)",
    )
    parser.add_argument("--to", dest="end", type=_moment, help="end of the period (now)")


def _add_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, help="what collect wrote")
    parser.add_argument(
        "--require-mode",
        choices=(COMPLIANCE, GOVERNANCE),
        default=COMPLIANCE,
        help="the lock that objects must have, or a stronger one (%(default)s)",
    )
    parser.add_argument(
        "--require-days",
        type=int,
        default=365,
        metavar="DAYS",
        help="for how many days since it was written (%(default)s)",
    )
    parser.add_argument(
        "--account",
        action="append",
        default=[],
        metavar="ID",
        help="an account that must have digests; may be repeated",
    )
    parser.add_argument(
        "--public-keys",
        type=Path,
        metavar="FILE",
        help="CloudTrail's keys as you got them yourself, in the form of public-keys.json",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _collect(options: argparse.Namespace) -> int:
    # Slow to import, and nothing that verifies needs it.
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from log_archive_verifier.collect import collect

    end = options.end or datetime.now(UTC)
    start = options.start or end - timedelta(days=1)
    if start >= end:
        print(f"The period ends at {end.isoformat()}, before it begins.", file=sys.stderr)
        return FAILED
    collected = Collected(options.trail_arn, options.bucket, start, end)
    try:
        evidence = collect(boto3.Session(), collected, options.directory)
    except (ClientError, BotoCoreError) as error:
        print(f"AWS couldn't be read: {error}", file=sys.stderr)
        return FAILED
    print(f"{len(evidence.versions)} object versions of s3://{options.bucket} are described in")
    print(f"{options.directory}: verify them with python -m log_archive_verifier verify")
    return FOUND_NOTHING


def _verify(options: argparse.Namespace) -> int:
    evidence = Evidence.read(options.directory)
    report = verify(
        evidence,
        Requirement(options.require_mode, options.require_days),
        keys=read_keys(options.public_keys) if options.public_keys else None,
        accounts=options.account,
    )
    if options.json:
        print(json.dumps(report.as_document(), indent=1))
    else:
        print("\n".join(report.lines()))
    return FOUND_SOMETHING if report.findings else FOUND_NOTHING


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no date such as 2026-01-31T14:00Z") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
