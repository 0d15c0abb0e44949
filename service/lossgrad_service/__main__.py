"""The command ``lossgrad``, which every install has and only the service can run."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

NEEDED = ("typer", "rich", "fastapi", "uvicorn", "pydantic_settings", "orjson", "threadpoolctl")
"""Modules of the extra ``service`` whose absence tells a base install."""


def main() -> None:
    """Run the command line, or say in one line what it needs."""
    if any(find_spec(name) is None for name in NEEDED):
        sys.exit('lossgrad\'s command line needs the service: pip install "lossgrad[service]"')
    # gRPC's core would print its own lines beside the errors that the commands tell.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from lossgrad_service.cli import app

    app()


if __name__ == "__main__":
    main()
