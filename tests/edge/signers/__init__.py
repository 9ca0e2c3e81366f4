"""Signers of requests that others wrote, as functions: AWS's for JavaScript, and aws4's.

Both are installed by npm from this folder's lock file and run in one process.
"""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from harness.testing import npm

if TYPE_CHECKING:
    from botocore.credentials import Credentials

    from edge.signed_requests import Plain

NAMES = ("smithy", "aws4")
_HERE = Path(__file__).parent


class JavaScriptSigners:
    """A process that signs; a context manager.

    Raises:
        NpmError: the packages can't be installed.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            [npm.node(), "sign.mjs"],
            cwd=npm.installed(_HERE, "sign.mjs"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def sign(
        self, signer: str, request: Plain, credentials: Credentials, region: str, epoch: int
    ) -> dict[str, str]:
        """The headers of a request, signed for API Gateway at some time."""
        order = {
            "signer": signer,
            "method": request.verb,
            "host": request.host,
            "path": request.path,
            "query": request.query,
            "headers": request.headers,
            "body": base64.b64encode(request.body).decode(),
            "region": region,
            "epoch": epoch,
            "credentials": {
                "accessKeyId": credentials.access_key,
                "secretAccessKey": credentials.secret_key,
                "sessionToken": credentials.token,
            },
        }
        return self._ask(order)

    def _ask(self, order: dict[str, Any]) -> dict[str, str]:
        to, back = self._process.stdin, self._process.stdout
        if to is None or back is None:
            raise RuntimeError("the signers have no pipes")
        to.write(json.dumps(order) + "\n")
        to.flush()
        headers: dict[str, str] = json.loads(back.readline())
        return headers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(10)
        if self._process.stdout:
            self._process.stdout.close()
