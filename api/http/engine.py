"""The engine, one owner of models, catalogs, sessions and jobs: built here, ended in reverse."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Request

from api.errors import refusals, sentence
from api.http.executor import BoundedExecutor
from api.http.jobs.handlers import job_handlers
from api.http.jobs.runner import DAY_SECONDS, JobRunner
from api.http.jobs.upload_quota import upload_bounds
from api.http.jobs.video_files import s3_video_fetcher
from api.http.live.service import SessionService, engine_starting, run_session_service
from api.http.options import ServerOptions
from api.http.problems import Problem
from api.http.requests.body_budget import BodyBudget
from api.http.requests.idempotency import AnswerStore
from api.http.shutdown import ShutdownSignal
from api.http.telemetry.metrics import Metrics
from api.live.services import LiveServices, LiveServicesOptions, open_live_services
from api.maintenance import CatalogMaintenance
from api.open_catalogs import CatalogRegistry
from api.services import PhotoFinder, Searcher, Services, s3_options, unpack_bounds

Result = TypeVar("Result")

GIGABYTE: Final = 1e9  # bytes

_logger: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class EngineStatus:
    """How far the engine is with loading its networks.

    Attributes:
        live: live sessions; None until the networks are there.
        fault: one sentence when they cannot be loaded; empty otherwise.
        since: monotonic seconds of the start.
    """

    live: SessionService | None = None
    fault: str = ""
    since: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Engine:
    """Everything that routes work with.

    Attributes:
        services: networks and storage.
        options: of the server.
        catalogs: the open ones, followed.
        executor: runs what keeps the processor busy.
        jobs: work that takes longer than a request.
        answers: of POSTs with an idempotency key.
        metrics: counters and histograms.
        shutdown: set when the service is about to stop.
        status: of the networks.
        bodies: room for those that are under way.
        maintenance: syncs and reconciles catalogs in the background.
    """

    services: Services
    options: ServerOptions
    catalogs: CatalogRegistry
    executor: BoundedExecutor
    jobs: JobRunner
    answers: AnswerStore
    metrics: Metrics
    shutdown: ShutdownSignal
    status: EngineStatus
    maintenance: CatalogMaintenance
    bodies: BodyBudget

    @property
    def finder(self) -> PhotoFinder:
        """The finder of products; waits for the networks."""
        return self.services.finder

    @property
    def searcher(self) -> Searcher:
        """The search by picture; waits for the networks."""
        return self.services.searcher

    @property
    def live(self) -> SessionService:
        """The live sessions.

        Raises:
            Problem: the networks are not there yet, or cannot be loaded.
        """
        if self.status.fault:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, self.status.fault, "networks")
        if self.status.live is None:
            raise engine_starting()
        return self.status.live


@asynccontextmanager
async def build_engine(
    services: Services, options: ServerOptions, shutdown: ShutdownSignal
) -> AsyncIterator[Engine]:
    """Run the engine while the block runs; its networks are loaded meanwhile.

    Args:
        services: networks and storage.
        options: of the server.
        shutdown: set when the service is about to stop.

    Raises:
        Refused: what the state's folder holds is damaged.
        OSError: the state's folder cannot be written.
    """
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(options.spool.mkdir, mode=0o700, parents=True, exist_ok=True)
        catalogs = CatalogRegistry(services.catalogs)
        stack.push_async_callback(asyncio.to_thread, catalogs.close)
        executor = BoundedExecutor(longest_wait_s=services.settings.wait_s)
        stack.callback(executor.close)
        fetch = s3_video_fetcher(s3_options(services.settings), options.largest_upload)
        handlers = job_handlers(
            catalogs,
            lambda: services.finder,
            services.recogniser,
            fetch,
            unpack_bounds(services.settings),
        )
        jobs = await asyncio.to_thread(
            JobRunner,
            options.state / "jobs",
            handlers,
            keep_seconds=services.settings.job_days * DAY_SECONDS,
            uploads=upload_bounds(services.settings),
        )
        stack.push_async_callback(asyncio.to_thread, jobs.close)
        answers = AnswerStore(options.state / "answers.db")
        stack.callback(answers.close)
        maintenance = CatalogMaintenance(services.catalogs, options.maintenance)
        stack.push_async_callback(asyncio.to_thread, maintenance.close)
        engine = Engine(
            services,
            options,
            catalogs,
            executor,
            jobs,
            answers,
            Metrics(),
            shutdown,
            EngineStatus(),
            maintenance,
            BodyBudget(
                int(services.settings.bodies_gb * GIGABYTE),
                executor.check_turn,
                services.settings.wait_s,
            ),
        )
        running = asyncio.create_task(_run_live(engine), name="live sessions")
        stack.push_async_callback(_cancel, running)
        yield engine


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait({task})


async def _run_live(engine: Engine) -> None:
    """Load the networks, then keep live sessions until the engine ends."""
    options, status, stack = engine.options, engine.status, ExitStack()
    settings = LiveServicesOptions(
        options.live, options.evidence, options.rules, options.webhook_rule
    )

    def open_services() -> LiveServices:
        finder = engine.services.finder  # loads the networks, which takes seconds
        folder = options.state / "live"
        return stack.enter_context(open_live_services(folder, finder, engine.catalogs, settings))

    try:
        async with run_session_service(await _to_end(open_services), options.peers) as live:
            status.live = live
            engine.maintenance.start()
            _logger.info("ready")
            await asyncio.Event().wait()
    except refusals() as error:
        status.fault = sentence(error)
        _logger.error("the engine cannot work: %s", status.fault)
    finally:
        status.live = None
        await _to_end(stack.close)


async def _to_end(work: Callable[[], Result]) -> Result:
    """Run a function in a thread, to its end even if the task is cancelled meanwhile."""
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        raise


def get_engine(request: Request) -> Engine:
    """Return the engine of the application that a request came to."""
    engine: Engine = request.state.engine
    return engine


EngineDep = Annotated[Engine, Depends(get_engine)]
