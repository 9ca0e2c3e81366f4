"""Entry of a worker process: runs the Lambda runtime client, and ends with its parent.

The parent keeps the other end of this process's standard input. When that closes, because
the parent ended or died, nothing is left to work for. Works on every POSIX system, also when
the parent was killed. Only the standard library is imported here; the function's own path is
in PYTHONPATH.
"""

import os
import runpy
import sys
import threading


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    sys.argv = ["awslambdaric", os.environ["_HANDLER"]]
    runpy.run_module("awslambdaric", run_name="__main__")
