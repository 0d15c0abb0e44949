"""One batch over several servers."""

from lossgrad.sharded.aio import AsyncShardedClient
from lossgrad.sharded.client import ShardedClient

__all__ = ["AsyncShardedClient", "ShardedClient"]
