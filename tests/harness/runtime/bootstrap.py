"""Entry of a worker's or a task's process: runs a module as ``python -m``, ends with its parent.

The parent keeps the other end of this process's standard input. When that closes, because
the parent ended or died, nothing is left to work for. Works on every POSIX system, also when
the parent was killed. Only the standard library is imported here; a function's own path is
in PYTHONPATH. Usage: bootstrap.py MODULE [ARGUMENT...]
"""

from __future__ import annotations

import importlib.util
import os
import runpy
import signal
import sys
import threading

_RESOLVER = os.path.join(os.path.dirname(__file__), "network", "resolver.py")  # noqa: PTH118, PTH120


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)  # a task's own children too
    os._exit(0)


def _join_network() -> None:
    """Resolve the names of the private network; loaded by path, as nothing else is to be seen."""
    spec = importlib.util.spec_from_file_location("private_network", _RESOLVER)
    if spec is None or spec.loader is None:
        raise ImportError(_RESOLVER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.install()


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    _join_network()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
