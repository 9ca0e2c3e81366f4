"""Texts with ``$context`` and ``$stageVariables`` references, and mapping expressions.

That is all gateway responses and access-log formats may contain. Mapping templates may hold
the whole Velocity language; what goes beyond variables is refused when it is compiled.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from harness.edge.context import VARIABLES
from harness.edge.table import CompileError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.edge.exchange import Exchange

    Render = Callable[[Exchange], "str | None"]

_NAME = r"(context|stageVariables)\.([A-Za-z0-9_.]*[A-Za-z0-9_])"
_REFERENCE = re.compile(rf"\$(?:\{{{_NAME}\}}|{_NAME})")
_VELOCITY = re.compile(r"\$!?\{?(?:input|util)\b|#(?:set|if|foreach|else|end)\b")
_PARAMETER = re.compile(r"method\.request\.(header|querystring|path)\.(.+)")


class Template:
    """A text that is filled in once per request.

    Args:
        text: as deployed.
        absent: what a variable without a value becomes.
        where: names the template in errors.

    Raises:
        CompileError: the text needs Velocity.
    """

    __slots__ = ("_absent", "_format", "_variables")

    def __init__(self, text: str, *, absent: str = "", where: str = "template") -> None:
        if velocity := _VELOCITY.search(text):
            raise CompileError(
                f"{where}: '{velocity[0]}' needs the Velocity language, which the edge doesn't "
                "run; use $context and $stageVariables, or answer from a Lambda function."
            )
        self._absent = absent
        self._variables: list[Render] = []

        def placeholder(reference: re.Match[str]) -> str:
            root, name = filter(None, reference.groups())
            self._variables.append(_variable(root, name))
            return "%s"

        self._format = _REFERENCE.sub(placeholder, text.replace("%", "%%"))

    def render(self, exchange: Exchange) -> str:
        """The text for this request."""
        values = [variable(exchange) for variable in self._variables]
        return self._format % tuple([self._absent if value is None else value for value in values])


def _variable(root: str, name: str) -> Render:
    if root == "stageVariables":
        return lambda exchange: exchange.stage.variables.get(name)
    return VARIABLES.get(name, _unknown)


def _unknown(_: Exchange) -> None:
    """A variable that API Gateway doesn't know either has no value."""


def mapping_expression(text: str, *, where: str) -> Render:
    """Compile ``'static'``, ``context.x``, ``stageVariables.x`` or ``method.request.*.x``.

    Raises:
        CompileError: the expression isn't one of these.
    """
    if len(text) >= 2 and text[0] == text[-1] == "'":
        static = text[1:-1]
        return lambda _: static
    root, _, name = text.partition(".")
    if root in ("context", "stageVariables") and name:
        return _variable(root, name)
    parameter = _PARAMETER.fullmatch(text)
    if parameter is None:
        raise CompileError(f"{where}: the mapping {text!r} isn't supported.")
    location, name = parameter.groups()
    if location == "header":
        header = name.lower().encode()
        return lambda exchange: exchange.header(header)
    if location == "path":
        return lambda exchange: exchange.path_parameters.get(name)
    return lambda exchange: _query_value(exchange, name)


def _query_value(exchange: Exchange, name: str) -> str | None:
    values = parse_qs(exchange.query.decode("latin-1"), keep_blank_values=True).get(name)
    return values[0] if values else None
