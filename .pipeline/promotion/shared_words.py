"""Words that all environments share, in place of what differs in them by nature."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

# A name is a text of its own, or stands after a hyphen, a dot or the like. Elsewhere it is a
# word, and so it is in API Gateway's `$context.integration.status` and `integration.request.path`.
_NAME = r"(?:(?<=[^\w ])(?<!context\.)|^(?=\w+(?:$|[^\w ]))){}(?!\w)(?!\.re(?:quest|sponse)\.)"

_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp"}
"""What the provider calls protocols after an apply, and before."""
_NETWORK = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?")
_NAMES = ("name", "Sid")
"""What names blocks: rules of a web ACL, variables of a container, statements of a policy."""


class SharedWords:
    """Says things of one environment in the words of all of them."""

    def __init__(
        self,
        name: str,
        account_id: str,
        networks: Sequence[str],
        made: Mapping[str, str] | None = None,
    ) -> None:
        """Take the environment's name, account and networks, and words for ids made there."""
        self._account = re.compile(rf"(?<![A-Za-z0-9]){account_id}(?![A-Za-z0-9])")
        self._name = re.compile(_NAME.format(re.escape(name)))
        self._made = made or {}
        longest_first = sorted(self._made, key=len, reverse=True)
        self._ids = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        self._networks = [ipaddress.IPv4Network(network) for network in networks]

    def say(self, value: Any) -> Any:
        """Say a value, and what is within; JSON in texts is read."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            said = {key: self.say(inner) for key, inner in value.items()}
            if said.get("protocol") in _PROTOCOLS:
                said["protocol"] = _PROTOCOLS[said["protocol"]]
            return said
        if isinstance(value, list):
            return [self.say(inner) for inner in value]
        return value

    def text(self, text: str) -> str:
        """Say a text that isn't JSON."""
        if _NETWORK.fullmatch(text):
            return self._place(text)
        if self._ids:
            text = self._ids.sub(lambda found: self._made[found[0]], text)
        return self._name.sub("<environment>", self._account.sub("<account>", text))

    def _text(self, text: str) -> Any:
        if text[:1] in ("{", "["):
            try:
                return self.say(json.loads(text))
            except ValueError:
                pass  # it only looks like JSON
        return self.text(text)

    def _place(self, text: str) -> str:
        try:
            part = ipaddress.IPv4Network(text, strict=False)
        except ValueError:
            return text  # a version, for instance
        for number, whole in enumerate(self._networks):
            if part.subnet_of(whole):
                offset = int(part.network_address) - int(whole.network_address)
                return f"<network {number}>+{ipaddress.IPv4Address(offset)}/{part.prefixlen}"
        return text


def by_name(blocks: list[Any]) -> Mapping[str, Any] | None:
    """Give blocks by what names each of them, if something does."""
    for key in _NAMES:
        named = {
            block[key]: block
            for block in blocks
            if isinstance(block, Mapping) and isinstance(block.get(key), str)
        }
        if len(named) == len(blocks):
            return named
    return None
