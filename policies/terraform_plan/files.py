"""Where resources of a plan are written: file and line of their blocks."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from terraform_plan.references import Instance

_MODULE_NAME = re.compile(r"module\.([^.\[]+)")
_RESOURCE = re.compile(r'^resource\s+"([^"]+)"\s+"([^"]+)"', re.MULTILINE)


class Files:
    """Finds the blocks of a configuration's resources.

    Args:
        plan: as ``terraform show -json`` gives it.
        root: directory of the configuration that was planned.
    """

    def __init__(self, plan: Mapping[str, Any], root: Path) -> None:
        self._configuration = plan.get("configuration", {}).get("root_module", {})
        self._root = root.resolve()

    def place(self, item: Instance) -> tuple[Path, int] | None:
        """Return file and line; None for modules that aren't local."""
        module, folder = self._configuration, self._root
        for name in _MODULE_NAME.findall(item.module):
            call = module.get("module_calls", {}).get(name, {})
            if not call.get("source", "").startswith("."):
                return None
            folder = (folder / call["source"]).resolve()
            module = call.get("module", {})
        return _blocks(folder).get((item.type, item.name))


@cache
def _blocks(folder: Path) -> dict[tuple[str, str], tuple[Path, int]]:
    found = {}
    for path in sorted(folder.glob("*.tf")):
        text = path.read_text(encoding="utf-8")
        for block in _RESOURCE.finditer(text):
            found[block[1], block[2]] = path, text.count("\n", 0, block.start()) + 1
    return found
