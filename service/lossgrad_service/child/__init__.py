"""The service as a child process: what the demo, the benchmarks and some tests call."""

from lossgrad_service.child.process import ServiceDidNotStart, running_service

__all__ = ["ServiceDidNotStart", "running_service"]
