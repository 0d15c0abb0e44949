"""The composition: settings in, one process that serves every port out."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self
from weakref import proxy

from lossgrad_service.access.caller import Door
from lossgrad_service.access.doors import door_of
from lossgrad_service.access.quotas import Quotas
from lossgrad_service.access.tls import TlsFiles, tls_files_of
from lossgrad_service.admission import Budget, Gate, Room, Slots
from lossgrad_service.calls import Dispatcher, Observer, Readiness, Service
from lossgrad_service.calls.call_log import CallLog
from lossgrad_service.grpc_api import GrpcServer
from lossgrad_service.http_api import HttpServer, Limits
from lossgrad_service.metrics import Meter, Place
from lossgrad_service.runtime.addresses import addresses_of, in_address
from lossgrad_service.runtime.info import limits_of, server_info
from lossgrad_service.runtime.machine_code import keep_where_set, warmed_up
from lossgrad_service.runtime.memory import tune_malloc
from lossgrad_service.runtime.open_files import raise_open_files
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.runtime.threads import compute_threads, spare_thread
from lossgrad_service.runtime.unix_socket import beside, owner_only, published, require_free
from lossgrad_service.shared_memory import Memories
from lossgrad_service.sharing import side_path, taking_memory
from lossgrad_service.watching import Watching, gauges_of


class Server:
    """A running server, as an asynchronous context manager.

    Inside the ``async with`` every port listens and the server is ready, unless it was
    asked to stop before; leaving it drains, and returns once calls under way are done or
    their grace is over. On the way in, the ports listen while the kernels are loaded or
    compiled: probes say that the server is starting, and calls wait for what they need; where
    other processes take calls on these ports, they listen only once that is done.

    Parameters
    ----------
    settings
        All but ``workers``: a server is one process.
    place
        Where it counts what it does; by itself where it is left out.
    shares_ports
        Whether other processes may listen on its ports as well, as other workers do.
    """

    grpc_port: int
    http_port: int

    def __init__(
        self, settings: Settings, place: Place | None = None, *, shares_ports: bool = False
    ) -> None:
        self.settings = settings
        self._place = Place.alone() if place is None else place
        self._shares_ports = shares_ports
        self._readiness = Readiness()
        self._stop_requested = asyncio.Event()
        self._lame_duck_seconds = settings.lame_duck_seconds
        self._resources = AsyncExitStack()

    @property
    def addresses(self) -> dict[str, str]:
        """Where the server listens, by protocol; each a target that the client takes."""
        found = {"grpc_port": self.grpc_port, "http_port": self.http_port}
        return addresses_of(self.settings.model_copy(update=found))

    @property
    def is_ready(self) -> bool:
        """Whether new calls are welcome."""
        return self._readiness.is_ready

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as resources:
            await self._start(resources)
            self._resources = resources.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        async with self._resources:
            await self.drain()
            await asyncio.sleep(self._lame_duck_seconds)

    def request_stop(self) -> None:
        """Let `wait` return; call it on the server's event loop."""
        self._stop_requested.set()

    def retire(self) -> None:
        """As `request_stop`, where another process has taken over: nobody needs time to notice."""
        self._lame_duck_seconds = 0.0
        self.request_stop()

    async def wait(self) -> None:
        """Return once the server was asked to stop."""
        await self._stop_requested.wait()

    async def drain(self) -> None:
        """Say everywhere that the server is not ready; calls are still taken."""
        self._readiness.set_draining()
        self._place.set_ready(False)
        await self._tell_probes()

    async def _start(self, resources: AsyncExitStack) -> None:
        settings = self.settings
        self._place.take()
        tune_malloc(settings)
        keep_where_set(settings)
        threads = resources.enter_context(
            compute_threads(settings.compute_threads, settings.compute_niceness)
        )
        spare = resources.enter_context(spare_thread())
        is_warm = self._place.others_are_ready() and await warmed_up(threads, self._stop_requested)
        await self._open(resources, self._dispatcher(threads, spare))
        if is_warm or await warmed_up(threads, self._stop_requested):
            self._readiness.set_ready()
            self._place.set_ready(True)
            await self._tell_probes()

    async def _open(self, resources: AsyncExitStack, dispatcher: Dispatcher) -> None:
        """Take calls, which wait for the kernels they need."""
        door = door_of(self.settings)
        gate = self._gate(door)
        memories = Memories(self.settings.shared_memory_bytes)
        self._grpc = GrpcServer(dispatcher, gate, memories, shares_ports=self._shares_ports)
        tls = tls_files_of(self.settings)
        this = proxy(self)
        gauges = gauges_of(dispatcher, gate, memories, lambda: this._http.n_connections)
        watching = Watching(self._place, gauges)
        self._http = HttpServer(
            dispatcher,
            gate,
            watching.text,
            shares_ports=self._shares_ports,
            tls=None if tls is None else tls.context(),
            limits=self._http_limits(),
        )
        self._listen(resources, tls)
        side = side_path(self.settings)
        if side is not None:
            resources.enter_context(taking_memory(side, self._bound(side), memories, door))
        await self._http.start()
        await self._grpc.start()
        await resources.enter_async_context(watching.sampling())
        resources.push_async_callback(self._stop_adapters)

    async def _tell_probes(self) -> None:
        """Tell those over gRPC whether the server is ready; others ask."""
        await (self._grpc.set_serving() if self.is_ready else self._grpc.drain())

    def _dispatcher(self, threads: Executor, spare: Executor) -> Dispatcher:
        # FastAPI keeps what its routes lead to until the process ends: not this server.
        settings, readiness = self.settings, self._readiness
        service = Service(
            limits=limits_of(settings),
            describe=lambda: server_info(settings, readiness.uptime),
        )
        return Dispatcher(
            service,
            readiness,
            Observer(Meter(self._place.row), CallLog(), readiness),
            threads,
            spare,
            Slots(settings.compute_threads, spares=1),
            settings.idle_seconds,
            settings.max_call_seconds,
        )

    def _gate(self, door: Door) -> Gate:
        settings = self.settings
        # Other workers grant the rest of what a caller may use.
        quotas = Quotas(1 / settings.workers if self._shares_ports else 1.0)
        return Gate(door, quotas, Room(Budget(settings.admission_bytes)))

    def _http_limits(self) -> Limits:
        # Half of the files are left to gRPC.
        room = raise_open_files() // 2
        return Limits(connections=min(self.settings.max_http_connections, room))

    def _listen(self, resources: AsyncExitStack, tls: TlsFiles | None) -> None:
        host, path = self.settings.host, self.settings.unix_socket
        resources.callback(self._http.close)
        self.grpc_port = self._grpc.listen(f"{in_address(host)}:{self.settings.grpc_port}", tls)
        self.http_port = self._http.listen(host, self.settings.http_port)
        if path is not None:
            bound = self._bound(path)
            with owner_only():
                self._grpc.listen(f"unix:{bound}")
            resources.enter_context(published(bound, path))

    def _bound(self, path: Path) -> Path:
        """Return where to listen before it is published."""
        # Other workers take over from each other; their supervisor has looked for strangers.
        if not self._shares_ports:
            require_free(path)
        return beside(path)

    async def _stop_adapters(self) -> None:
        grace = self.settings.shutdown_grace_seconds
        # Before the adapters cut at the same time.
        ending = asyncio.get_running_loop().call_later(grace, self._readiness.set_stopped)
        await asyncio.gather(self._grpc.stop(grace), self._http.stop(grace))
        ending.cancel()
