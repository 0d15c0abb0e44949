"""One run of one workload in one shape, which locust makes; `load/README.md` tells how."""

from grpc.experimental import gevent as grpc_gevent
from locust import events

from load.listeners import listen
from load.schedule import Schedule
from load.users import GrpcUser, HttpUser

__all__ = ["GrpcUser", "HttpUser", "Schedule"]

# gRPC waits in C, where gevent cannot see it; so before the first channel is opened.
grpc_gevent.init_gevent()

listen(events)
