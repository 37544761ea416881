"""`skulens serve`: the service in one process."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.invocation import examples, services

if TYPE_CHECKING:
    from starlette.types import ASGIApp

SERVING = "Serve"

serve_app = typer.Typer()


@serve_app.command(
    rich_help_panel=SERVING,
    epilog=examples("skulens serve", "skulens serve --port 9000"),
)
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    state: Annotated[
        Path, typer.Option(metavar="DIR", help="Keys, cameras, events and jobs.")
    ] = Path("state"),
) -> None:
    """Serve the page and the HTTP API."""
    import uvicorn

    from api.http.app import create_app
    from api.http.engine import build_engine
    from api.http.gate import Gate
    from api.http.options import ServerOptions

    built = services(context)
    options = ServerOptions(state)
    app: ASGIApp = Gate(create_app(lambda: build_engine(built, options)), options)
    uvicorn.run(app, host=host, port=port, log_level="info", server_header=False)
