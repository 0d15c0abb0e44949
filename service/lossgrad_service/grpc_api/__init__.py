"""The service over gRPC: ``lossgrad.v1.LossGradService``, health and reflection."""

from lossgrad_service.grpc_api.server import GrpcServer

__all__ = ["GrpcServer"]
