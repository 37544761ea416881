"""How gunicorn runs skulens: light workers in front of one engine.

    gunicorn -w 4 -b 127.0.0.1:8000

A worker holds no state: sessions, jobs and networks live in the engine, which the master forks,
replaces when it ends or hangs, and leaves alone on `kill -HUP` (new workers).
"""

import importlib
import os
import sys

# The engine is forked out of the master, which therefore may have no other threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from gunicorn.arbiter import Arbiter

from api.errors import Refused
from api.http.auth.addresses import is_loopback
from api.http.auth.exposure import check_exposure
from api.http.process.allocator import limit_arenas
from api.http.process.processes import (
    export_listener,
    export_pulse,
    options_from_environment,
    run_engine,
)
from api.http.process.server import BACKLOG_COUNT, bounds_of
from api.http.process.supervisor import EngineSupervisor, RestartSettings
from api.http.pulse import Pulse
from api.http.telemetry.logs import configure_logging
from api.settings import load_settings

wsgi_app = "api.http.process.processes:worker_app()"
worker_class = "api.http.process.worker.PlainWorker"
workers = 2
bind = "127.0.0.1:8000"
backlog = BACKLOG_COUNT
timeout = 60  # seconds without a sign of life from a worker
graceful_timeout = 8  # seconds; docker and systemd give the whole service 15
keepalive = 30  # seconds
accesslog = None  # the gateway writes its own, as JSON Lines
proc_name = "skulens"
control_socket_disable = True  # it would be served by a thread of the master

# Imported only when an engine needs them, which would be after the fork.
# Not OpenVINO, which starts a thread.
_LATE = (
    "api.models.loading",
    "catalog.follower",
    "catalog.transfer.importer",
    "matcher.retrieval.search",
)


def on_starting(server: Arbiter) -> None:
    """Refuse what is unsafe, then start the engine."""
    hosts = [address[0] for address in server.cfg.address if isinstance(address, tuple)]
    export_listener(exposed=not all(map(is_loopback, hosts)), secure=server.cfg.is_ssl)
    settings = load_settings(os.environ)
    options = options_from_environment(settings)
    try:
        for host in hosts:
            check_exposure(host, options)
    except Refused as error:
        sys.exit(f"skulens: {error}")
    bounds_of(options)  # the limit of open files is inherited
    for name in _LATE:
        importlib.import_module(name)
    limit_arenas()
    configure_logging()
    # On the master, because a reload runs this file anew.
    pulse = Pulse.create()
    export_pulse(pulse)
    server.supervisor = EngineSupervisor(
        run_engine,
        enter_child=lambda: _let_go(server),
        settings=RestartSettings(silent_s=settings.engine_silence_s),
        pulse=pulse,
    )
    _supervise(server, server.supervisor)


def on_exit(server: Arbiter) -> None:
    """Stop the engine: streams are told, jobs are kept for the next start."""
    server.supervisor.stop()


def _supervise(server: Arbiter, supervisor: EngineSupervisor) -> None:
    """Have the master's loop watch the engine, too; gunicorn has no hook for either."""
    wait_for_signals, stop_workers = server.wait_for_signals, server.stop

    def wait(timeout: float = 1.0) -> list[int]:
        signals: list[int] = wait_for_signals(min(timeout, supervisor.wait_s))
        supervisor.check()
        return signals

    def stop(graceful: bool = True) -> None:
        # The workers carry the engine's last messages, so it is told before they are ended.
        supervisor.begin_stop()
        stop_workers(graceful)

    server.wait_for_signals, server.stop = wait, stop
    supervisor.check()


def _let_go(server: Arbiter) -> None:
    """Close in the engine what belongs to the master."""
    for listener in server.LISTENERS:
        listener.close()
    for worker in server.WORKERS.values():
        worker.tmp.close()
