"""Templates: everything escaped, every missing name an error, every link relative."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from merchant_dashboard import amounts, words
from transaction_gateway.times import rfc3339

if TYPE_CHECKING:
    from merchant_dashboard.assets import Assets


class Templates:
    """Renders the pages."""

    def __init__(self, assets: Assets) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters |= {
            "amount": amounts.shown,
            "plain": amounts.plain,
            "rfc3339": rfc3339,
            "moment": _moment,
            "number": _number,
            "day": words.day,
            "words": words.of_code,
            "state_class": words.state_class,
        }
        self._environment.globals |= {"asset": assets.name, "series_name": words.series}

    def render(self, template: str, **values: object) -> str:
        """Render a page."""
        return self._environment.get_template(template).render(values)


def relative(current: str, target: str) -> str:
    """Give the link from one path to another, right under whatever prefix the browser sees."""
    folder, name = posixpath.split(target)
    way = posixpath.relpath(folder, posixpath.dirname(current))
    return posixpath.normpath(posixpath.join(way, name))


def _moment(epoch_ms: int) -> str:
    """Write a time for people, in UTC, like 2024-05-31 14:03:22."""
    return rfc3339(epoch_ms)[:19].replace("T", " ")


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,}"
