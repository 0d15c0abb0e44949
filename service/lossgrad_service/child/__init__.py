"""The service as a child process: what the demo, the benchmarks and some tests call."""

from lossgrad_service.child.process import (
    COMMAND,
    Child,
    ServiceDidNotStart,
    running_child,
    running_service,
)

__all__ = ["COMMAND", "Child", "ServiceDidNotStart", "running_child", "running_service"]
