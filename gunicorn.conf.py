"""How gunicorn runs skulens: light workers in front of one engine.

    gunicorn -w 4 -b 127.0.0.1:8000

A worker holds no state: sessions, jobs and networks live in the engine, which the master keeps
running and which survives `kill -HUP` (new workers) untouched.
"""

import os
import sys
from collections.abc import Callable
from functools import partial

from gunicorn.arbiter import Arbiter

from api.errors import Refused
from api.http.auth.exposure import check_exposure, is_loopback
from api.http.process.processes import Keeper, export_listener, options_from_environment
from api.settings import load_settings

wsgi_app = "api.http.process.processes:worker_app()"
worker_class = "api.http.process.server.PlainWorker"
workers = 2
bind = "127.0.0.1:8000"
timeout = 60
graceful_timeout = 8
keepalive = 30
accesslog = None  # the gate writes its own, as JSON Lines
proc_name = "skulens"


def on_starting(server: Arbiter) -> None:
    """Refuse what is unsafe, then start the engine."""
    hosts = [address[0] for address in server.cfg.address if isinstance(address, tuple)]
    export_listener(exposed=not all(map(is_loopback, hosts)), secure=server.cfg.is_ssl)
    options = options_from_environment(load_settings(os.environ))
    try:
        for host in hosts:
            check_exposure(host, options)
    except Refused as error:
        sys.exit(f"skulens: {error}")
    # On the master, because a reload runs this file anew.
    server.engine_keeper = Keeper()
    server.engine_keeper.start()
    # gunicorn would end the engine last, when the workers that carry its farewells are gone.
    server.stop = partial(_stop_all, server.engine_keeper, server.stop)


def _stop_all(keeper: Keeper, stop_workers: Callable[[bool], None], graceful: bool = True) -> None:
    keeper.begin_stop()
    stop_workers(graceful)


def on_exit(server: Arbiter) -> None:
    """Stop the engine: streams are told, jobs are kept for the next start."""
    server.engine_keeper.stop()
