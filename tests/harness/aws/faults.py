"""Run something around a chosen call: kill a process, refuse, or lose the connection."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from harness.aws.calls import Call

    Predicate = Callable[[Call], bool]
    Action = Callable[[Call], object]


class ConnectionLostError(ConnectionError):
    """Raised by a fault's action: the caller gets no answer and the connection closes.

    Raised before the call, nothing is done; raised after it, everything is done.
    """


class Fault:
    """One planned fault: fires on the ``nth`` call that its predicate accepts, then never again."""

    def __init__(self, owner: Faults, predicate: Predicate, action: Action, nth: int) -> None:
        self._owner = owner
        self._predicate = predicate
        self._action = action
        self._remaining = nth
        self._lock = threading.Lock()
        self.fired = threading.Event()

    def strike(self, call: Call) -> None:
        """Count a call and run the action if it is the awaited one."""
        if self.fired.is_set() or not self._predicate(call):
            return
        with self._lock:
            self._remaining -= 1
            if self._remaining != 0:
                return
            self.fired.set()
        self._action(call)

    def remove(self) -> None:
        """Take the fault back; nothing happens if that was done already."""
        self._owner.discard(self)

    def __enter__(self) -> Fault:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.remove()


class Faults:
    """The faults planned for an embedded AWS.

    An action that returns lets the call go on. It may raise ``ConnectionLostError``, or an
    ``AwsError`` that the caller receives as that service's own error.
    """

    def __init__(self) -> None:
        self._before: tuple[Fault, ...] = ()
        self._after: tuple[Fault, ...] = ()
        self._lock = threading.Lock()

    def before(self, predicate: Predicate, action: Action, nth: int = 1) -> Fault:
        """Run ``action`` before the nth matching call is carried out.

        Raises:
            ValueError: ``nth`` isn't positive.
        """
        fault = self._plan(predicate, action, nth)
        with self._lock:
            self._before += (fault,)
        return fault

    def after(self, predicate: Predicate, action: Action, nth: int = 1) -> Fault:
        """Run ``action`` when the nth matching call is done, but not answered yet.

        Raises:
            ValueError: ``nth`` isn't positive.
        """
        fault = self._plan(predicate, action, nth)
        with self._lock:
            self._after += (fault,)
        return fault

    def _plan(self, predicate: Predicate, action: Action, nth: int) -> Fault:
        if nth < 1:
            raise ValueError(f"a fault strikes the 1st matching call or a later one, not {nth}")
        return Fault(self, predicate, action, nth)

    def discard(self, fault: Fault) -> None:
        """Remove one fault."""
        with self._lock:
            self._before = tuple(each for each in self._before if each is not fault)
            self._after = tuple(each for each in self._after if each is not fault)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._before = self._after = ()

    def strike_before(self, call: Call) -> None:
        """Let the faults planned before a call act on it."""
        for fault in self._before:
            fault.strike(call)

    def strike_after(self, call: Call) -> None:
        """Let the faults planned after a call act on it."""
        for fault in self._after:
            fault.strike(call)
