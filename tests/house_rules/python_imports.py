"""What Python code of the functions may import: the bytes that are deployed bring no packages."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from house_rules.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = frozenset(
    path.parent.name for path in (Path(__file__).parents[2] / "lambda_src").glob("*/__init__.py")
)
AWS_SDK = frozenset({"boto3", "botocore"})
"""Part of the Lambda runtime, so the zip needn't hold it."""


def forbidden_imports(path: Path, text: str, *, allowed: frozenset[str]) -> Iterator[Finding]:
    """Yield the imports of anything but the standard library, our packages and `allowed`."""
    for name, line in _imports(ast.parse(text)):
        package = name.partition(".")[0]
        if package not in sys.stdlib_module_names | OURS | allowed:
            fix = "write it with the standard library, or move it behind an adapter"
            yield Finding(path, line, f"it imports {name}", fix)


def _imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the names that are imported when the code runs, and their lines."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0 and node.module:
                yield node.module, node.lineno
        elif isinstance(node, ast.If) and _is_for_type_checkers(node.test):
            yield from _imports(ast.Module(body=node.orelse, type_ignores=[]))
        else:
            yield from _imports(node)


def _is_for_type_checkers(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
