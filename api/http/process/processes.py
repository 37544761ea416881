"""Light workers of gunicorn, and one engine that is kept running, out of a nursery."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from api.errors import refusals, sentence
from api.http.app import create_app
from api.http.edge.gateway import Gateway
from api.http.edge.proxy import EngineProxy
from api.http.engine import build_engine
from api.http.options import ServerOptions, options_from
from api.http.process.allocator import limit_arenas
from api.http.process.fork_server import Nursery
from api.http.process.server import StoppableServer
from api.http.process.state_lock import lock_state
from api.http.shutdown import ShutdownSignal
from api.http.telemetry.logs import configure_logging
from api.http.telemetry.traces import tracing_from_environment
from api.services import build_services
from api.settings import Settings, load_settings

# Not a setting: with the underscore nobody takes it for one.
HERE: Final = "_SKULENS_HERE"
MODULE: Final = "api.http.process.processes"
SHORTEST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
HEALTHY_S: Final = 30.0  # after that, a crash is not part of a series
STOP_S: Final = 9.0
LOOK_S: Final = 0.2

_logger: Final = logging.getLogger(__name__)


def export_listener(*, exposed: bool, secure: bool) -> None:
    """Tell the processes that this one starts what it alone knows of where it listens."""
    os.environ[HERE] = " ".join(
        word for word, holds in (("exposed", exposed), ("secure", secure)) if holds
    )


def options_from_environment(settings: Settings) -> ServerOptions:
    """Options of a process that gunicorn's master started."""
    said = os.environ.get(HERE, "exposed").split()
    return options_from(settings, exposed="exposed" in said, secure="secure" in said)


def worker_app() -> ASGIApp:
    """What gunicorn's workers serve: the gate, with the engine behind a socket.

    Raises:
        SettingsError: a setting is misspelt or has a value that cannot be used.
    """
    configure_logging()
    options = options_from_environment(load_settings(os.environ))
    return Gateway(EngineProxy(options.socket), options)


def run_engine() -> int:
    """The engine, until it is told to stop or its parent is gone; the process's exit code."""
    configure_logging()
    try:
        settings = load_settings(os.environ)
        options = options_from_environment(settings)
        with lock_state(options.state), build_services(settings) as services:
            ending = ShutdownSignal()
            app = create_app(
                lambda: build_engine(services, options, ending),
                tracing_from_environment(os.environ),
            )
            _serve(app, options, ending)
    except refusals() as error:
        _logger.error("the engine cannot start: %s", sentence(error))
        return 1
    return 0


class Keeper:
    """Keeps the engine's nursery running, from a thread of gunicorn's master."""

    def __init__(self, command: tuple[str, ...] = (sys.executable, "-m", MODULE)) -> None:
        self._command = command
        self._stopping = Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = Thread(target=self._run, name="keep the engine", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def begin_stop(self) -> None:
        """Tell the engine to end: its readers and publishers hear of it while workers live."""
        self._stopping.set()
        process = self._process
        if process is not None and _runs(process.pid):
            os.kill(process.pid, signal.SIGTERM)

    def stop(self) -> None:
        """End the engine: gently, then not; at most about ten seconds."""
        self.begin_stop()
        process = self._process
        if process is not None:
            _until(lambda: not _runs(process.pid), STOP_S)
            if _runs(process.pid):
                os.kill(process.pid, signal.SIGKILL)

    def _run(self) -> None:
        pause = SHORTEST_PAUSE_S
        while not self._stopping.is_set():
            began = time.monotonic()
            self._process = subprocess.Popen(self._command)
            # gunicorn's master reaps all children, so that this one's exit code may be lost.
            while self._process.poll() is None and not self._stopping.is_set():
                self._stopping.wait(LOOK_S)
            if self._stopping.is_set():
                return
            _logger.error("the nursery ended (%s); starting it again", self._process.returncode)
            pause = SHORTEST_PAUSE_S if time.monotonic() - began > HEALTHY_S else 2 * pause
            self._stopping.wait(min(pause, LONGEST_PAUSE_S))


def _serve(app: ASGIApp, options: ServerOptions, ending: ShutdownSignal) -> None:
    # The socket trusts whoever can open it.
    options.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    options.socket.parent.chmod(0o700)
    options.socket.unlink(missing_ok=True)
    config = uvicorn.Config(
        app,
        uds=str(options.socket),
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=3,
    )
    server = StoppableServer(config, ending.set)
    parent = os.getppid()

    def watch() -> None:
        while not server.should_exit:
            time.sleep(LOOK_S)
            if os.getppid() != parent:
                ending.set()
                server.should_exit = True

    Thread(target=watch, name="watch the parent", daemon=True).start()
    server.run()


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _until(is_so: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not is_so() and time.monotonic() < until:
        time.sleep(LOOK_S)


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    limit_arenas()
    configure_logging()
    sys.exit(Nursery(run_engine).run())
