"""Routes are found as API Gateway finds them."""

from __future__ import annotations

import pytest

from harness.edge.routing import Router

ROUTER = Router(
    [
        ("GET", "/", "root"),
        ("GET", "/pets", "list"),
        ("POST", "/pets", "create"),
        ("GET", "/pets/{id}", "read"),
        ("GET", "/pets/best", "best"),
        ("GET", "/pets/{id}/toys", "toys"),
        ("GET", "/pets/best/friends", "friends"),
        ("ANY", "/files/{path+}", "files"),
        ("GET", "/files/index", "index"),
    ]
)


@pytest.mark.parametrize(
    ("verb", "path", "target", "parameters"),
    [
        ("GET", "/", "root", {}),
        ("GET", "/pets", "list", {}),
        ("POST", "/pets", "create", {}),
        ("GET", "/pets/best", "best", {}),
        ("GET", "/pets/rex", "read", {"id": "rex"}),
        ("GET", "/pets/best/toys", "toys", {"id": "best"}),
        ("GET", "/pets/best/friends", "friends", {}),
        ("GET", "/pets/a%20b", "read", {"id": "a b"}),
        ("GET", "/files/index", "index", {}),
        ("PUT", "/files/index", "files", {"path": "index"}),
        ("DELETE", "/files/a/b/c", "files", {"path": "a/b/c"}),
    ],
)
def test_finds_the_most_specific_resource(
    verb: str, path: str, target: str, parameters: dict[str, str]
) -> None:
    assert ROUTER.find(verb, path) == (target, parameters)


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("DELETE", "/pets"),
        ("GET", "/toys"),
        ("GET", "/pets/"),
        ("GET", "//pets"),
        ("GET", "/pets//toys"),
        ("GET", "/files"),
        ("GET", "/pets/rex/toys/1"),
    ],
)
def test_finds_nothing_that_was_not_deployed(verb: str, path: str) -> None:
    assert ROUTER.find(verb, path) is None


def test_refuses_two_names_for_one_position() -> None:
    with pytest.raises(ValueError, match=r"\{name\} stands where \{id\} already does"):
        Router([("GET", "/pets/{id}", 1), ("GET", "/pets/{name}/toys", 2)])
