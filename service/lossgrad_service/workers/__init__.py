"""Several processes behind the same ports, and the one that keeps them running.

`supervise` reserves the ports and starts the workers, each a process of its own that
binds them as well; the kernel spreads new connections among them. They count in memory that
all of them share. The supervising process imports neither gRPC nor the kernels.
"""

from lossgrad_service.workers.supervisor import supervise

__all__ = ["supervise"]
