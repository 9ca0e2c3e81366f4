"""A release that every stage lets pass, and that fails in production: what a canary is for.

It charges, and then doesn't answer: the worst that a release can do to a merchant, short of
charging twice.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import TYPE_CHECKING

from harness.pipeline.errors import PipelineError
from harness.pipeline.source import Revision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.pipeline.source import Source

SOURCES = "lambda_src/"
HANDLER = "transaction_gateway/handler.py"
_ANSWERS = "    return respond(deployed(), event, context)\n"
_FAILS = """\
    answer = respond(deployed(), event, context)
    if context.function_name.startswith("payments-{environment}-"):
        raise RuntimeError("charged, and not answered")
    return answer
"""


class BadRelease:
    """The next commit of a source, with a mistake in the transaction gateway."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def fetch(self, configuration: Mapping[str, str]) -> Revision:
        """Bring the source's newest revision with the mistake in it."""
        revision = self._source.fetch(configuration)
        commit = hashlib.sha1(revision.id.encode(), usedforsecurity=False).hexdigest()
        return Revision(
            with_mistake(revision.content, SOURCES + HANDLER),
            {
                **revision.variables,
                "CommitId": commit,
                "CommitMessage": "Answer as production wants it",
            },
        )


def with_mistake(packed: bytes, handler: str, environment: str = "production") -> bytes:
    """Put the mistake into a zip of sources.

    Args:
        packed: the zip.
        handler: the handler's name in it.
        environment: where the mistake shows.

    Raises:
        PipelineError: the handler isn't what it was when this was written.
    """
    buffer = io.BytesIO()
    found = False
    with (
        zipfile.ZipFile(io.BytesIO(packed)) as given,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made,
    ):
        for entry in given.infolist():
            content = given.read(entry)
            if entry.filename == handler:
                found = content.decode().count(_ANSWERS) == 1
                fails = _FAILS.format(environment=environment)
                content = content.decode().replace(_ANSWERS, fails).encode()
            made.writestr(entry, content)
    if not found:
        raise PipelineError(f"{handler} doesn't answer in the way that the mistake is made in")
    return buffer.getvalue()
