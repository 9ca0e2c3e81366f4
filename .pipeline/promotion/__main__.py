"""The command line: ``python -m promotion --help``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from promotion import commands
from promotion.errors import BrokenInputError, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

BROKEN, REFUSED = 2, 3

EXIT_STATUS = """\
exit status: 0 when it was done, 2 when the input is broken or a call to AWS failed, 3 when a rule
refuses; what a command adds to these stands in its own help"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status. What a person can mend is told without traceback."""
    options = _parser(sys.argv[1:] if arguments is None else arguments).parse_args(arguments)
    try:
        return commands.load(options.command).run(options)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED
    except BrokenInputError as error:
        print(f"error: {error}", file=sys.stderr)
        return BROKEN
    except (BotoCoreError, ClientError) as error:
        print(f"error: a call to AWS failed: {error}", file=sys.stderr)
        return BROKEN


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m promotion",
        description="Promotes one release through the environments.",
        epilog=EXIT_STATUS,
        formatter_class=raw,
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    known = commands.names()
    # Commands import what they need, which takes a while for all of them.
    wanted = [name for name in arguments[:1] if name in known] or known
    for name in wanted:
        command = commands.load(name)
        description = (command.__doc__ or "").strip()
        command.add_arguments(
            subparsers.add_parser(
                name,
                help=description.partition("\n")[0],
                description=description,
                epilog=EXIT_STATUS,
                formatter_class=raw,
            )
        )
    return parser


if __name__ == "__main__":
    sys.exit(main())
