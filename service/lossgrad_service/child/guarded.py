"""The command line as a child process that ends with its parent.

``python -m lossgrad_service.child.guarded serve …`` is ``python -m lossgrad_service
serve …`` with one difference: when its standard input ends, it gets a SIGTERM. The
parent holds the other end and never writes to it, so that the child stops when the
parent closes it, and also when the parent is killed and can no longer stop anyone.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from lossgrad_service.__main__ import main


def end_with_parent() -> None:
    """Have this process get a SIGTERM when its standard input ends."""
    threading.Thread(target=_end_with_standard_input, daemon=True).start()


def _end_with_standard_input() -> None:
    # os.read and not sys.stdin, whose lock a thread must not hold at exit.
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    end_with_parent()
    main()
