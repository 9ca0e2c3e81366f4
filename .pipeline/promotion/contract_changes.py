"""What in a new contract breaks clients of the old one: paths, operations, parameters, answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promotion.errors import BrokenInputError
from promotion.schema_changes import Found, SchemaComparison, Side, resolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_Part = tuple[str, "Mapping[str, Any]"]
METHODS = ("delete", "get", "head", "options", "patch", "post", "put")

RULES = {
    "path-removed": "a path is gone",
    "operation-removed": "a method of a path is gone",
    "operation-id-changed": "clients, limits and logs name an operation by its operationId",
    "security-changed": "callers have to identify themselves otherwise",
    "parameter-removed": "what clients send has no effect any more, or is refused",
    "parameter-required": "clients have to send a parameter that they could leave out",
    "parameter-changed": "a parameter is written otherwise",
    "body-required": "clients have to send a body where they could leave it out",
    "body-removed": "a body isn't read any more",
    "media-type-removed": "a media type is refused, or not answered any more",
    "response-removed": "an answer that clients handle is gone",
    "response-added": "a success or a redirection that clients don't know",
    "response-header-removed": "a header of an answer is gone, or may be missing",
    "request-property-required": "clients have to send a property that they could leave out",
    "request-property-removed": "a property isn't read any more, or is refused",
    "request-additional-properties": "properties that aren't listed are refused or bounded",
    "request-type": "a type is narrower: what clients send is refused",
    "request-null": "null is refused",
    "request-values": "a value is refused that was taken",
    "request-limit": "a limit is narrower",
    "request-alternatives": "an alternative is refused, or there are others",
    "response-property-removed": "a property that clients read is gone",
    "response-property-optional": "a property that was always there may be missing",
    "response-additional-properties": "there may be properties where none were announced",
    "response-type": "a type is wider: clients read what they don't expect",
    "response-null": "null may come where it couldn't",
    "response-values": "a value may come that clients don't know",
    "response-limit": "a limit is wider",
    "response-alternatives": "an alternative may come that clients don't know",
    "items-changed": "what a list holds is bounded otherwise",
    "keyword-changed": "any change of pattern, format, default and their like counts",
}
"""Everything that counts as breaking, and why."""


@dataclass(frozen=True)
class Change:
    """A change that breaks clients."""

    rule: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule} {self.where}: {self.what}"


def breaking(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return what of `new` breaks clients of `old`, in the order of the old contract.

    Raises:
        BrokenInputError: a document isn't a contract, or has what isn't understood.
    """
    for document in (old, new):
        if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
            raise BrokenInputError("this is no OpenAPI document: it has no `paths`")
    return [Change(*found) for found in _Contracts(old, new).compare()]


class _Contracts:
    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self._old, self._new = old, new
        self._schemas = SchemaComparison(old, new)

    def compare(self) -> Iterator[Found]:
        # A parameter's name in a path is nobody's business but the server's.
        after = {_anonymous(path): (path, item) for path, item in self._new["paths"].items()}
        for path, before in self._old["paths"].items():
            if _anonymous(path) not in after:
                yield "path-removed", path, "it is gone"
                continue
            new_path, item = after[_anonymous(path)]
            for method in METHODS:
                where = f"{method.upper()} {path}"
                if method in before and method not in item:
                    yield "operation-removed", where, "it is gone"
                elif method in before:
                    yield from self._parts_of_path(
                        _parts(self._old, path, before, method),
                        _parts(self._new, new_path, item, method),
                        where,
                    )
                    yield from self._operation(before[method], item[method], where)
                    yield from self._parameters(
                        _parameters(self._old, before, method),
                        _parameters(self._new, item, method),
                        where,
                    )

    def _parts_of_path(self, old: list[_Part], new: list[_Part], where: str) -> Iterator[Found]:
        for (name, before), (_, after) in zip(old, new, strict=True):
            yield from self._schemas.compare(before, after, "request", f"{where} path {name}")

    def _operation(
        self, old: Mapping[str, Any], new: Mapping[str, Any], where: str
    ) -> Iterator[Found]:
        if old.get("operationId") != new.get("operationId"):
            told = f"was {old.get('operationId')}, is {new.get('operationId')}"
            yield "operation-id-changed", where, told
        before, after = self._security(self._old, old), self._security(self._new, new)
        if before != after:
            yield "security-changed", where, f"was {before}, is {after}"
        yield from self._body(old, new, where)
        yield from self._responses(old.get("responses", {}), new.get("responses", {}), where)

    @staticmethod
    def _security(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Any:
        wanted = operation.get("security", document.get("security", []))
        known = document.get("components", {}).get("securitySchemes", {})
        return [
            {name: (known.get(name), scopes) for name, scopes in choice.items()}
            for choice in wanted
        ]

    def _parameters(
        self,
        old: Mapping[tuple[str, str], Mapping[str, Any]],
        new: Mapping[tuple[str, str], Mapping[str, Any]],
        where: str,
    ) -> Iterator[Found]:
        for key, parameter in old.items():
            place = f"{where} {key[0]} {parameter['name']}"
            if key not in new:
                yield "parameter-removed", place, "it is gone"
                continue
            if new[key].get("required", False) and not parameter.get("required", False):
                yield "parameter-required", place, "clients have to send it now"
            for keyword in ("style", "explode", "allowReserved", "content"):
                if parameter.get(keyword) != new[key].get(keyword):
                    yield "parameter-changed", place, f"`{keyword}` is another one"
            before, after = parameter.get("schema", {}), new[key].get("schema", {})
            yield from self._schemas.compare(before, after, "request", place)
        for key, parameter in new.items():
            if key not in old and parameter.get("required", False):
                place = f"{where} {key[0]} {parameter['name']}"
                yield "parameter-required", place, "it is new, and clients have to send it"

    def _body(self, old: Mapping[str, Any], new: Mapping[str, Any], where: str) -> Iterator[Found]:
        before = resolved(self._old, old.get("requestBody", {}))
        after = resolved(self._new, new.get("requestBody", {}))
        if before and not after:
            yield "body-removed", where, "the body isn't read any more"
            return
        if after.get("required", False) and not before.get("required", False):
            yield "body-required", where, "clients have to send a body now"
        yield from self._content(before, after, "request", f"{where} body")

    def _responses(
        self, old: Mapping[str, Any], new: Mapping[str, Any], where: str
    ) -> Iterator[Found]:
        for status, answer in old.items():
            place = f"{where} {status}"
            if status not in new:
                # An error less is no harm: another one of its kind, or none, takes its place.
                if str(status)[0] in "23d":
                    yield "response-removed", place, "it is gone"
                continue
            before, after = resolved(self._old, answer), resolved(self._new, new[status])
            yield from self._headers(before, after, place)
            yield from self._content(before, after, "response", place)
        for status in new:
            if status not in old and str(status)[0] in "23":
                yield "response-added", f"{where} {status}", "clients don't know it"

    def _headers(
        self, old: Mapping[str, Any], new: Mapping[str, Any], where: str
    ) -> Iterator[Found]:
        after = {name.lower(): item for name, item in new.get("headers", {}).items()}
        for name, item in old.get("headers", {}).items():
            was = resolved(self._old, item)
            if name.lower() not in after:
                yield "response-header-removed", f"{where} header {name}", "it is gone"
                continue
            is_now = resolved(self._new, after[name.lower()])
            if was.get("required", False) and not is_now.get("required", False):
                yield "response-header-removed", f"{where} header {name}", "it may be missing now"
            yield from self._schemas.compare(
                was.get("schema", {}),
                is_now.get("schema", {}),
                "response",
                f"{where} header {name}",
            )

    def _content(
        self, old: Mapping[str, Any], new: Mapping[str, Any], side: Side, where: str
    ) -> Iterator[Found]:
        after = new.get("content", {})
        for media_type, content in old.get("content", {}).items():
            if media_type not in after:
                yield "media-type-removed", f"{where} {media_type}", "it is gone"
                continue
            yield from self._schemas.compare(
                content.get("schema", {}), after[media_type].get("schema", {}), side, where
            )


def _anonymous(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _parameters(
    document: Mapping[str, Any], path: Mapping[str, Any], method: str
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Give an operation's parameters by place and name, but for the path's own."""
    found = {}
    for written in (*path.get("parameters", ()), *path[method].get("parameters", ())):
        parameter = resolved(document, written)
        place, name = str(parameter["in"]), str(parameter["name"])
        # Clients don't know what a part of a path is called, and names of headers have no case.
        if place != "path":
            found[place, name.lower() if place == "header" else name] = parameter
    return found


def _parts(
    document: Mapping[str, Any], path: str, item: Mapping[str, Any], method: str
) -> list[_Part]:
    """Give name and schema of each part of the path that isn't fixed, in order."""
    written = (*item.get("parameters", ()), *item[method].get("parameters", ()))
    schemas = {
        parameter["name"]: parameter.get("schema", {})
        for parameter in (resolved(document, each) for each in written)
        if parameter["in"] == "path"
    }
    return [(name, schemas.get(name, {})) for name in re.findall(r"\{([^}]*)\}", path)]
