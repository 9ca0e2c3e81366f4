"""What the embedded AWS holds that it didn't hold before: every account, region and service.

moto keeps a service's resources in dictionaries and lists of a backend per account and region.
These are walked as they are, so a service needs no code here to be watched.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend
from moto.utilities.tagging_service import TaggingService

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_MODELS = ("moto.", "harness.aws.")
"""Where the classes of resources are defined; other objects are values."""
_NAMES = ("arn", "id", "name")
_GLOBAL = "aws"
"""What moto takes for the region of a service that has none."""
_LONGEST_ID = 100

_Place = tuple[str, str, str]


@dataclass(frozen=True)
class _Path:
    """Where a backend keeps something: attributes that lead there, and keys in them."""

    kinds: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    def into(self, attribute: str) -> _Path:
        return _Path((*self.kinds, attribute.strip("_")), self.keys)

    def at(self, key: str) -> _Path:
        return _Path(self.kinds, (*self.keys, key))


Holdings = Mapping[_Place, frozenset[_Path]]
"""What was where at some moment: by account, region and service."""


@dataclass(frozen=True, order=True)
class Thing:
    """Something that the embedded AWS holds."""

    account_id: str
    region: str
    service: str
    kind: str
    id: str
    arn: str = field(default="", compare=False, repr=False)
    names: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    """What a state may call it: its key, id and name."""

    def __str__(self) -> str:
        return f"{self.account_id} {self.region} {self.service} {self.kind}: {self.id}"


@dataclass(frozen=True)
class Exemption:
    """Things that stay on AWS too when everything was destroyed, and why."""

    service: str
    kind: str
    reason: str
    applies: Callable[[Any], bool] = lambda _: True


def _is_inactive(thing: Any) -> bool:
    return bool(thing.status == "INACTIVE")


KEPT_BY_AWS = (
    Exemption(
        "kms",
        "keys",
        "a key waits 7 to 30 days before it is deleted",
        lambda key: key.key_state == "PendingDeletion",
    ),
    Exemption(
        "kms",
        "keys",
        "AWS makes its managed key when a service first needs one",
        lambda key: any(alias.startswith("alias/aws/") for alias in key.aliases),
    ),
    Exemption(
        "secretsmanager",
        "secrets",
        "a secret can be restored for 7 to 30 days",
        lambda secret: secret.is_deleted(),
    ),
    Exemption(
        "ec2",
        "nat_gateways",
        "a deleted NAT gateway is shown for about an hour",
        lambda gateway: gateway.state == "deleted",
    ),
    Exemption("ec2", "tags", "tags are told for a while of what is gone, which is watched itself"),
    Exemption("acm", "idempotency_tokens", "a request's token is known for an hour"),
    *(
        Exemption("ecs", kind, "ECS tells for a while of what is inactive", _is_inactive)
        for kind in ("clusters", "services", "task_definitions")
    ),
    Exemption(
        "iam",
        "roles",
        "AWS makes it in an account that it makes, and it goes with the account",
        lambda role: role.name == "OrganizationAccountAccessRole",
    ),
    Exemption("iam", "aws_managed_policies", "AWS's own, which moto loads when one is named"),
    Exemption("guardduty", "detectors", "GuardDuty stays on in the account that administered it"),
    Exemption("iam", "access_keys", "a session's keys expire", lambda key: key.user_name is None),
    Exemption("sts", "assumed_roles", "a session expires"),
    Exemption("cloudwatch", "metric_data", "metrics can't be deleted; they expire"),
    Exemption("cloudwatch", "paged_metric_data", "metrics can't be deleted; they expire"),
    Exemption("logs", "started_queries", "a query's results expire after seven days"),
    Exemption("logs", "groups/streams", "records in a log group that was there before"),
)
"""Not in here, since on AWS nobody deletes it either: a log group that a function made itself."""


class Watch:
    """Tells what has come to the embedded AWS since a moment and is still there; close it after.

    A backend that is first used after that moment begins with AWS's own things, such as default
    networks: it is looked at when moto makes it.
    """

    def __init__(self) -> None:
        self._pristine: dict[_Place, tuple[BaseBackend, frozenset[_Path]]] = {}
        self._original = AccountSpecificBackend.__getitem__
        AccountSpecificBackend.__getitem__ = self._noticing(  # type: ignore[method-assign]
            self._original
        )

    def close(self) -> None:
        """Leave moto as it was."""
        AccountSpecificBackend.__getitem__ = self._original  # type: ignore[method-assign]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def now(self) -> Holdings:
        """Remember what every account holds at this moment."""
        return {place: _paths(backend) for place, backend in _backends()}

    def leftovers(self, since: Holdings) -> tuple[Thing, ...]:
        """What has come since then and is there, but for what AWS itself would keep."""
        new = self._new(since)
        return tuple(sorted(thing for thing, value in new if not _reason(thing, value)))

    def kept_by_aws(self, since: Holdings) -> Mapping[Thing, str]:
        """What has come since then and stays on AWS too, and the reason."""
        reasons = ((thing, _reason(thing, value)) for thing, value in self._new(since))
        return {thing: reason for thing, reason in sorted(reasons) if reason}

    def _noticing(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def getitem(backends: Any, region: str) -> Any:
            known = dict.__contains__(backends, _GLOBAL if region == "global" else region)
            backend = original(backends, region)
            if not known:
                place = (backends.account_id, backend.region_name, backends.service_name)
                self._notice(place, backend)
            return backend

        return getitem

    def _notice(self, place: _Place, backend: BaseBackend) -> None:
        # Of two threads the second may come when the first has gone on to make something.
        noticed, _ = self._pristine.get(place, (None, None))
        if noticed is not backend:
            self._pristine[place] = backend, _paths(backend)

    def _new(self, since: Holdings) -> Iterator[tuple[Thing, Any]]:
        for place, backend in _backends():
            account_id, region, service = place
            where = "global" if region == _GLOBAL else region
            _, pristine = self._pristine.get(place, (backend, frozenset()))
            for path, value in _walk(backend, since.get(place, pristine)):
                yield _thing((account_id, where, service), path, value), value


def describe(things: Iterable[Thing]) -> str:
    """List things a line each."""
    return "\n".join(f"  {thing}" for thing in things)


def _reason(thing: Thing, value: Any) -> str:
    for exemption in KEPT_BY_AWS:
        if (exemption.service, exemption.kind) == (thing.service, thing.kind) and exemption.applies(
            value
        ):
            return exemption.reason
    return ""


def _backends() -> Iterator[tuple[_Place, BaseBackend]]:
    services: list[Any] = BackendDict._instances  # type: ignore[misc]  # moto's own way to reset
    for service in list(services):
        for account_id, regions in list(service.items()):
            for region, backend in list(dict.items(regions)):
                yield (account_id, region, service.service_name), backend


def _paths(backend: BaseBackend) -> frozenset[_Path]:
    return frozenset(path for path, _ in _walk(backend))


def _thing(place: _Place, path: _Path, value: Any) -> Thing:
    arn, own_id, name = (_text(value, attribute) for attribute in _NAMES)
    keys = "/".join(path.keys)
    written = name and name not in keys  # nobody wrote such ids as a role's
    return Thing(
        *place,
        kind="/".join(path.kinds),
        id=f"{keys} ({name})" if written else keys,
        arn=arn,
        names=frozenset(filter(None, (path.keys[-1], own_id, name))),
    )


def _walk(
    backend: BaseBackend, known: frozenset[_Path] | None = None
) -> Iterator[tuple[_Path, Any]]:
    """Yield everything in a backend, or, if told what is `known`, the outermost of the rest."""
    walk = _Walk(known)
    for attribute, value in list(vars(backend).items()):
        yield from walk.inside(value, _Path().into(attribute))


class _Walk:
    """Goes through a backend; what is reached in two ways counts once."""

    def __init__(self, known: frozenset[_Path] | None) -> None:
        self._known = known
        self._seen: set[int] = set()

    def inside(self, value: Any, path: _Path) -> Iterator[tuple[_Path, Any]]:
        """Yield what a value holds."""
        if _is_model(value) and id(value) not in self._seen:
            self._seen.add(id(value))
            for attribute, inner in list(vars(value).items()):
                yield from self.inside(inner, path.into(attribute))
        if isinstance(value, Collection) and not isinstance(value, (str, bytes)):
            for key, item in _items(value):
                yield from self._entry(item, path.at(key))

    def _entry(self, value: Any, path: _Path) -> Iterator[tuple[_Path, Any]]:
        if id(value) in self._seen or _is_empty(value):
            return
        if _is_shelf(value):
            yield from self.inside(value, path)
            return
        if self._known is None or path not in self._known:
            yield path, value
        if self._known is None or path in self._known:
            yield from self.inside(value, path)
        elif _is_model(value):
            self._seen.add(id(value))


def _is_model(value: Any) -> bool:
    return (
        type(value).__module__.startswith(_MODELS)
        and hasattr(value, "__dict__")
        and not isinstance(value, (BaseBackend, TaggingService, type))
    )


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, Collection) and not value)


def _is_shelf(value: Any) -> bool:
    """Tell a dictionary that only holds things, as of networks by zone, from a thing."""
    if not isinstance(value, Mapping) or _is_model(value):
        return False
    return all(
        _is_model(item) or (isinstance(item, Collection) and not isinstance(item, (str, bytes)))
        for _, item in _items(value)
    )


def _items(container: Collection[Any]) -> list[tuple[str, Any]]:
    if isinstance(container, dict):  # some of moto's own make entries when they are asked
        return [(str(key), value) for key, value in list(dict.items(container))]
    if isinstance(container, Mapping):
        return [(str(key), value) for key, value in list(container.items())]
    return [(_name(value), value) for value in list(container)]


def _name(value: Any) -> str:
    names = (_text(value, attribute) for attribute in _NAMES)
    return next(filter(None, names), str(value)[:_LONGEST_ID])


def _text(value: Any, attribute: str) -> str:
    text = getattr(value, attribute, "")
    return text if isinstance(text, str) else ""
