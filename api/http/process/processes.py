"""The two kinds of processes under gunicorn: light workers, and the one engine behind them."""

import logging
import os
import time
from threading import Thread
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from api.errors import refusals, sentence
from api.http.app import create_app
from api.http.edge.gateway import Gateway
from api.http.edge.proxy import EngineProxy
from api.http.engine import build_engine
from api.http.options import ServerOptions, options_from
from api.http.process.server import StoppableServer
from api.http.process.state_lock import lock_state
from api.http.pulse import Pulse
from api.http.shutdown import ShutdownSignal
from api.http.telemetry.logs import configure_logging
from api.http.telemetry.traces import tracing_from_environment
from api.services import build_services
from api.settings import Settings, load_settings

# No settings: with the underscore nobody takes them for one.
_LISTENER: Final = "_SKULENS_HERE"
_PULSE: Final = "_SKULENS_PULSE"
_PARENT_POLL_S: Final = 0.2  # an engine outlives its master by that
_GRACEFUL_S: Final = 3  # for answers under way; whole seconds, as uvicorn wants them

_logger: Final = logging.getLogger(__name__)


def export_pulse(pulse: Pulse) -> None:
    """Hand the engine's pulse on to child processes, which are forked and share its memory."""
    os.environ[_PULSE] = str(pulse.descriptor)


def pulse_from_environment() -> Pulse | None:
    """Return the pulse that gunicorn's master handed on; None under any other parent."""
    descriptor = os.environ.get(_PULSE)
    return None if descriptor is None else Pulse(int(descriptor))


def export_listener(*, exposed: bool, secure: bool) -> None:
    """Hand on to child processes how gunicorn listens, which only its master knows.

    Args:
        exposed: whether others than this machine can reach the address.
        secure: whether clients come over TLS.
    """
    flags = (("exposed", exposed), ("secure", secure))
    os.environ[_LISTENER] = " ".join(flag for flag, holds in flags if holds)


def options_from_environment(settings: Settings) -> ServerOptions:
    """Return the options of a process that gunicorn's master started."""
    flags = os.environ.get(_LISTENER, "exposed").split()
    return options_from(settings, exposed="exposed" in flags, secure="secure" in flags)


def worker_app() -> ASGIApp:
    """Return the application of gunicorn's workers: the gateway, the engine behind a socket.

    Raises:
        SettingsError: a setting is misspelt or has a value that cannot be used.
    """
    configure_logging()
    options = options_from_environment(load_settings(os.environ))
    return Gateway(EngineProxy(options.socket, pulse_from_environment()), options)


def run_engine() -> int:
    """Run the engine until it is told to stop or its parent is gone; return the exit code."""
    configure_logging()
    try:
        settings = load_settings(os.environ)
        options = options_from_environment(settings)
        with lock_state(options.state), build_services(settings) as services:
            shutdown = ShutdownSignal()
            app = create_app(
                lambda: build_engine(services, options, shutdown),
                tracing_from_environment(os.environ),
            )
            _serve(app, options, shutdown)
    except refusals() as error:
        _logger.error("the engine cannot start: %s", sentence(error))
        return 1
    return 0


def _serve(app: ASGIApp, options: ServerOptions, shutdown: ShutdownSignal) -> None:
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
        proxy_headers=False,
        date_header=False,
        timeout_graceful_shutdown=_GRACEFUL_S,
    )
    server = StoppableServer(config, shutdown.set, pulse_from_environment())
    parent = os.getppid()

    def watch_parent() -> None:
        while not server.should_exit:
            time.sleep(_PARENT_POLL_S)
            if os.getppid() != parent:
                shutdown.set()
                server.should_exit = True

    Thread(target=watch_parent, name="watch the parent", daemon=True).start()
    server.run()
