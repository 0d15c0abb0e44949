"""Connections of HTTP callers: how much of one is taken, how slow it may be, and how it ends."""

from lossgrad_service.http_api.connections.handshake import Handshake
from lossgrad_service.http_api.connections.limits import Limits
from lossgrad_service.http_api.connections.patrol import patrol
from lossgrad_service.http_api.connections.protocol import Protocol

__all__ = ["Handshake", "Limits", "Protocol", "patrol"]
