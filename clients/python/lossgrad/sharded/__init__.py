"""One batch over several servers."""

from lossgrad.sharded.client import ShardedClient

__all__ = ["ShardedClient"]
