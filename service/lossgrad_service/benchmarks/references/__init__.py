"""Servers that ours is compared with, each run as ``python -m`` this package and its name."""

NAMES = ("tcp_echo", "grpc_echo", "tutorial_grpcio", "tutorial_fastapi")
"""Modules with a function `serve`, which never returns."""
