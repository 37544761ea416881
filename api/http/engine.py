"""The engine, one owner of models, catalogs, sessions and jobs: built here, ended in reverse."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Request

from api.errors import refusals, sentence
from api.http.compute import Compute
from api.http.hub import Hub
from api.http.options import ServerOptions
from api.services import Finder, Searcher, Services

_logger: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class Condition:
    """Whether the networks are there.

    Attributes:
        ready: they are.
        fault: one sentence when they cannot be loaded; empty otherwise.
        since: Unix seconds of the start.
    """

    ready: bool = False
    fault: str = ""
    since: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class Engine:
    """What routes work with.

    Attributes:
        services: networks and storage.
        options: of the server.
        hub: catalogs, followed.
        compute: runs what keeps the processor busy.
        condition: of the networks.
    """

    services: Services
    options: ServerOptions
    hub: Hub
    compute: Compute
    condition: Condition

    @property
    def finder(self) -> Finder:
        """Finds products; waits for the networks."""
        return self.services.finder

    @property
    def searcher(self) -> Searcher:
        """Finds products like a picture; likewise."""
        return self.services.searcher


@asynccontextmanager
async def build_engine(services: Services, options: ServerOptions) -> AsyncIterator[Engine]:
    """The engine while the block runs; the networks are loaded meanwhile."""
    async with AsyncExitStack() as stack:
        hub = Hub(services.catalogs)
        stack.push_async_callback(asyncio.to_thread, hub.close)
        compute = Compute()
        stack.callback(compute.close)
        engine = Engine(services, options, hub, compute, Condition())
        loading = asyncio.create_task(_load(engine), name="load the networks")
        stack.callback(loading.cancel)
        yield engine


async def _load(engine: Engine) -> None:
    try:
        await engine.compute.run(lambda: engine.finder)
    except refusals() as error:
        engine.condition.fault = sentence(error)
        _logger.error("the networks cannot be loaded: %s", engine.condition.fault)
    else:
        engine.condition.ready = True
        _logger.info("the networks are loaded")


def engine_of(request: Request) -> Engine:
    """The engine of the application that a request came to."""
    engine: Engine = request.state.engine
    return engine


TheEngine = Annotated[Engine, Depends(engine_of)]
