"""What is open to everybody, keys or not: that the server is alive and ready."""

from __future__ import annotations

OPEN_ENDPOINTS = frozenset(
    {
        "/healthz",
        "/readyz",
        "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Watch",
        "/grpc.health.v1.Health/List",
    }
)
"""HTTP paths and gRPC methods that probes ask without a key."""
