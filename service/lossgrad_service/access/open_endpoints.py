"""What is open to everybody, keys or not: that the server is alive and ready."""

from __future__ import annotations

OPEN_ENDPOINTS = frozenset(
    {
        "/healthz",
        "/readyz",
        "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Watch",
        "/grpc.health.v1.Health/List",
        "/v2/health/live",
        "/v2/health/ready",
        "/inference.GRPCInferenceService/ServerLive",
        "/inference.GRPCInferenceService/ServerReady",
    }
)
"""HTTP paths and gRPC methods that probes ask without a key."""
