"""The service around stand-ins, on a real port: in one process, or through a worker's proxy."""

import io
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import uvicorn
from PIL import Image
from starlette.types import ASGIApp

from api.http.app import create_app
from api.http.edge.gateway import Gateway
from api.http.edge.proxy import EngineProxy
from api.http.engine import build_engine
from api.http.options import ServerOptions
from api.http.process.server import StoppableServer
from api.http.shutdown import ShutdownSignal
from api.http.telemetry.traces import tracing_from_environment
from api.settings import Settings
from tests.api.shop import FakeServices
from tests.catalog.support.fakes import pixels


@dataclass(frozen=True)
class Service:
    """A running service."""

    client: httpx2.Client
    options: ServerOptions
    url: str

    def add(self, product_id: str, seed: int, **fields: str) -> httpx2.Response:
        """Add a product with one picture to the catalog `shop`."""
        return self.client.post(
            "/v1/catalogs/shop/products",
            data={"product_id": product_id, **fields},
            files={"images": (f"{product_id}.png", png(seed), "image/png")},
        )


def png(seed: int, width: int = 64, height: int = 48) -> bytes:
    """A picture file, the same for the same seed."""
    file = io.BytesIO()
    Image.fromarray(pixels(seed, width, height)).save(file, "PNG")
    return file.getvalue()


@contextmanager
def serving(
    folder: Path,
    *,
    through_proxy: bool = False,
    exposed: bool = False,
    per_second: float = 100.0,
    traced: bool = False,
    changed_options: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Iterator[Service]:
    """A service on a free port of loopback while the block runs."""
    options = ServerOptions(folder / "state", exposed=exposed, per_second=per_second)
    options = replace(options, **(changed_options or {}))
    services = FakeServices(
        Settings(storage=folder / "data", cache_dir=folder / "cache", **settings)
    )
    ending = ShutdownSignal()
    tracing = tracing_from_environment(os.environ) if traced else None
    engine = create_app(lambda: build_engine(services, options, ending), tracing)
    with ExitStack() as stack:
        inner: ASGIApp = engine
        if through_proxy:
            options.socket.parent.mkdir(parents=True)
            config = _config(engine, uds=str(options.socket))
            stack.enter_context(_running(StoppableServer(config, ending.set)))
            inner = EngineProxy(options.socket)
        server = StoppableServer(_config(Gateway(inner, options), port=0), ending.set)
        stack.enter_context(_running(server))
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        client = stack.enter_context(httpx2.Client(base_url=url, timeout=20))
        if not exposed:
            until_ready(client)
        yield Service(client, options, url)


def until_ready(client: httpx2.Client) -> None:
    """Wait for the service."""
    until = time.monotonic() + 30
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.02)


def until_done(service: Service, path: str) -> dict[str, Any]:
    """The job at a path, once it is done."""
    until = time.monotonic() + 20
    while True:
        job: dict[str, Any] = service.client.get(path).json()
        if job["state"] in ("done", "failed", "cancelled"):
            assert job["error"] is None
            return job
        assert time.monotonic() < until, job
        time.sleep(0.05)


def _config(app: ASGIApp, *, uds: str | None = None, port: int = 0) -> uvicorn.Config:
    return uvicorn.Config(
        app, host="127.0.0.1", port=port, uds=uds, log_config=None, access_log=False,
        timeout_graceful_shutdown=3, server_header=False,
    )  # fmt: skip


@contextmanager
def _running(server: StoppableServer) -> Iterator[None]:
    thread = Thread(target=server.run, name="serve")
    thread.start()
    try:
        until = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < until
            time.sleep(0.02)
        yield
    finally:
        server.handle_exit(15, None)
        thread.join(20)
        assert not thread.is_alive()
