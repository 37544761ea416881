"""The engine, one owner of models, catalogs, sessions and jobs: built here, ended in reverse."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

from fastapi import Depends, Request

from api.errors import refusals, sentence
from api.http.executor import BoundedExecutor
from api.http.jobs.handlers import job_handlers
from api.http.jobs.runner import JobRunner
from api.http.jobs.video_files import s3_video_fetcher
from api.http.live.service import SessionService, engine_starting, run_session_service
from api.http.options import ServerOptions
from api.http.problems import Problem
from api.http.requests.idempotency import AnswerStore
from api.http.shutdown import ShutdownSignal
from api.http.telemetry.metrics import Metrics
from api.live.cameras import SecretBox
from api.live.services import KEY, WEBHOOKS, LiveServices, LiveServicesOptions, open_live_services
from api.live.webhooks import WebhookStore
from api.maintenance import CatalogMaintenance
from api.models.loading import Models
from api.open_catalogs import CatalogRegistry, SharedCatalogs
from api.services import PhotoFinder, Searcher, Services, s3_options
from api.settings import Settings
from catalog.registry import Catalogs
from catalog.snapshot import Catalog
from matcher.decision.evaluation import Recogniser

if TYPE_CHECKING:
    from api.models.finetuning import CatalogFinetuner  # training comes with it

Result = TypeVar("Result")

_logger: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class EngineStatus:
    """What becomes of the engine while its networks are loaded.

    Attributes:
        room: live sessions; None until the networks are there.
        fault: one sentence when they cannot be loaded; empty otherwise.
        since: Unix seconds of the start.
    """

    room: SessionService | None = None
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
        jobs: work that takes longer than a request.
        answers: of POSTs with an idempotency key.
        metrics: figures.
        ending: set when the service is about to stop.
        condition: of the networks.
        tender: looks after catalogs in the background.
    """

    services: Services
    options: ServerOptions
    hub: CatalogRegistry
    compute: BoundedExecutor
    jobs: JobRunner
    answers: AnswerStore
    metrics: Metrics
    ending: ShutdownSignal
    condition: EngineStatus
    tender: CatalogMaintenance

    @property
    def finder(self) -> PhotoFinder:
        """Finds products; waits for the networks."""
        return self.services.finder

    @property
    def searcher(self) -> Searcher:
        """Finds products like a picture; likewise."""
        return self.services.searcher

    @property
    def room(self) -> SessionService:
        """Live sessions.

        Raises:
            Problem: the networks are not there yet, or cannot be loaded.
        """
        if self.condition.fault:
            said = self.condition.fault
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, said, "networks")
        if self.condition.room is None:
            raise engine_starting()
        return self.condition.room


@asynccontextmanager
async def build_engine(
    services: Services, options: ServerOptions, ending: ShutdownSignal
) -> AsyncIterator[Engine]:
    """The engine while the block runs; the networks are loaded meanwhile."""
    ending.begin()
    shared = _Sharing(services)
    async with AsyncExitStack() as stack:
        hub = CatalogRegistry(shared.catalogs)
        stack.push_async_callback(asyncio.to_thread, hub.close)
        compute = BoundedExecutor()
        stack.callback(compute.close)
        fetch = s3_video_fetcher(s3_options(services.settings), options.largest_upload)
        todo = job_handlers(hub, lambda: shared.finder, shared.recogniser, fetch)
        jobs = await asyncio.to_thread(JobRunner, options.state / "jobs", todo)
        stack.push_async_callback(asyncio.to_thread, jobs.close)
        answers = AnswerStore(options.state / "answers.db")
        stack.callback(answers.close)
        tender = CatalogMaintenance(shared.catalogs, options.rounds)
        stack.push_async_callback(asyncio.to_thread, tender.close)
        engine = Engine(
            shared,
            options,
            hub,
            compute,
            jobs,
            answers,
            Metrics(),
            ending,
            EngineStatus(),
            tender,
        )
        running = asyncio.create_task(_run_live(engine), name="live sessions")
        stack.push_async_callback(_ended, running)
        yield engine


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait({task})


async def _run_live(engine: Engine) -> None:
    """Load the networks, then keep live sessions until the engine ends."""
    options = engine.options
    settings = LiveServicesOptions(
        options.live, options.evidence, options.rules, options.webhook_rule
    )
    folder, condition, stack = options.state / "live", engine.condition, ExitStack()
    try:
        desk: LiveServices = await _to_end(
            lambda: stack.enter_context(open_live_services(folder, engine.services, settings))
        )
        hooks = WebhookStore(folder / WEBHOOKS, SecretBox.opened(folder / KEY))
        stack.callback(hooks.close)
        async with run_session_service(desk, hooks, options.peers) as room:
            condition.room = room
            engine.tender.start()
            _logger.info("ready")
            await asyncio.Event().wait()
    except refusals() as error:
        condition.fault = sentence(error)
        _logger.error("the engine cannot work: %s", condition.fault)
    finally:
        condition.room = None
        await _to_end(stack.close)


async def _to_end(work: Callable[[], Result]) -> Result:
    """Do something in a thread, to its end even if the task is cancelled meanwhile."""
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        raise


class _Sharing:
    """Services whose catalogs are opened once; implements `Services`."""

    def __init__(self, inner: Services) -> None:
        self._inner = inner
        self.catalogs: Catalogs = SharedCatalogs(inner.catalogs)

    @property
    def settings(self) -> Settings:
        return self._inner.settings

    @property
    def finder(self) -> PhotoFinder:
        return self._inner.finder

    @property
    def searcher(self) -> Searcher:
        return self._inner.searcher

    @property
    def models(self) -> Models:
        return self._inner.models

    def recogniser(self, catalog: Catalog) -> Recogniser:
        return self._inner.recogniser(catalog)

    def finetuner(self, catalog: str) -> "CatalogFinetuner":
        return self._inner.finetuner(catalog)

    def fetch(self, address: str) -> bytes:
        return self._inner.fetch(address)


def get_engine(request: Request) -> Engine:
    """The engine of the application that a request came to."""
    engine: Engine = request.state.engine
    return engine


EngineDep = Annotated[Engine, Depends(get_engine)]
