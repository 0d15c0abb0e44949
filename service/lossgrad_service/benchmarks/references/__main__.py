"""One of the servers as a child process: it says where it listens, and ends with its parent."""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module

from lossgrad_service.child.guarded import end_with_parent


def main(name: str) -> None:
    """Serve on a free port, which a line tells as the service does."""
    end_with_parent()
    server = import_module(f"{__package__}.{name}")
    server.serve(partial(_tell, name))


def _tell(name: str, address: str) -> None:
    print(f"{name}  {address}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
