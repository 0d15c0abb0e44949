"""Child processes of the demo, the benchmarks and some tests: the service, and its callers."""

from lossgrad_service.child.process import (
    COMMAND,
    Child,
    ServiceDidNotStart,
    running_child,
    running_service,
)

__all__ = ["COMMAND", "Child", "ServiceDidNotStart", "running_child", "running_service"]
