"""`skulens serve`: the service in one process."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.context import SERVING, command, open_services
from api.cli.output import Output

if TYPE_CHECKING:
    from starlette.types import ASGIApp

StateFolder = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of keys, cameras, events and jobs.")
]

serve_app = typer.Typer()


@command(
    serve_app,
    "skulens serve",
    "skulens key create --scope admin && skulens serve --host 0.0.0.0 --self-signed",
    "skulens serve --certificate cert.pem --key key.pem",
    rich_help_panel=SERVING,
)
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    state: StateFolder = None,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For TLS: the certificate, PEM.")
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its private key, PEM.")] = None,
    self_signed: Annotated[
        bool, typer.Option("--self-signed", help="TLS with a certificate of our own making.")
    ] = False,
) -> None:
    """Serve the page and the HTTP API.

    Off this machine only with API keys; a phone's camera needs TLS.
    """
    import uvicorn

    from api.http.app import create_app
    from api.http.auth.addresses import is_loopback
    from api.http.auth.exposure import check_exposure
    from api.http.edge.gateway import Gateway
    from api.http.engine import build_engine
    from api.http.options import options_from
    from api.http.process.allocator import limit_arenas
    from api.http.process.server import StoppableServer, bounds_of, face_strangers
    from api.http.process.state_lock import lock_state
    from api.http.process.tls import find_identity
    from api.http.shutdown import ShutdownSignal
    from api.http.telemetry.logs import configure_logging
    from api.http.telemetry.traces import tracing_from_environment

    limit_arenas()
    built = open_services(context, lambda given: replace(given, state=state or given.state))
    settings = built.settings
    pair = find_identity(settings.state, host, certificate, key, self_signed=self_signed)
    options = options_from(settings, exposed=not is_loopback(host), secure=pair is not None)
    check_exposure(host, options)
    context.with_resource(lock_state(options.state))
    shutdown = ShutdownSignal()
    app: ASGIApp = Gateway(
        create_app(
            lambda: build_engine(built, options, shutdown), tracing_from_environment(os.environ)
        ),
        options,
    )
    configure_logging()
    Output().note(f"serving {'https' if pair else 'http'}://{host}:{port}; stop with Ctrl-C")
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the gateway reads those of trusted proxies
        ssl_certfile=pair.certificate if pair else None,
        ssl_keyfile=pair.key if pair else None,
        timeout_graceful_shutdown=5,
    )
    face_strangers(config, bounds_of(options))
    StoppableServer(config, shutdown.set).run()
