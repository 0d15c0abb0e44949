"""The service over HTTP: JSON in and out, problem documents for errors, OpenAPI."""

from lossgrad_service.http_api.connections import Limits
from lossgrad_service.http_api.server import HttpServer

__all__ = ["HttpServer", "Limits"]
