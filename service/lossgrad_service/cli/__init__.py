"""The command line: one file for each command."""

from lossgrad_service.cli.app import app

__all__ = ["app"]
