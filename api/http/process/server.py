"""uvicorn as it faces strangers, and as a server that announces its end."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Final

import uvicorn
from typing_extensions import override

from api.http.options import ServerOptions
from api.http.process.connections import ConnectionBounds, ConnectionTable
from api.http.process.files import SPARE_COUNT, allow_files
from api.http.process.protocol import PatientProtocol
from api.http.pulse import Pulse

# Connections that the kernel keeps until they are taken, all at once and before any is counted.
BACKLOG_COUNT: Final = 512


class StoppableServer(uvicorn.Server):
    """A server that calls a function before it waits for answers to end, and shows its pulse."""

    def __init__(
        self, config: uvicorn.Config, on_stop: Callable[[], None], pulse: Pulse | None = None
    ) -> None:
        super().__init__(config)
        self._on_stop = on_stop
        self._pulse = pulse

    @override
    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        if self._pulse is None:
            return await super().serve(sockets)
        beating = asyncio.create_task(self._pulse.beat_on(), name="pulse")
        try:
            return await super().serve(sockets)
        finally:
            beating.cancel()

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_stop()
        super().handle_exit(sig, frame)


def bounds_of(options: ServerOptions) -> ConnectionBounds:
    """Return the bounds of one worker's connections; fewer where it may not open the files."""
    # Behind each connection there may be another one, to the engine.
    files = allow_files(2 * options.connections + BACKLOG_COUNT + SPARE_COUNT)
    most = max((files - BACKLOG_COUNT - SPARE_COUNT) // 2, files // 8)
    return ConnectionBounds(
        most=min(options.connections, most),
        most_of_client=options.connections_per_address,
        proxies=options.trusted_proxies,
    )


def face_strangers(config: uvicorn.Config, bounds: ConnectionBounds) -> None:
    """Have a server bound its connections; call before it starts."""
    config.http = partial(PatientProtocol, ConnectionTable(bounds))  # type: ignore[assignment]
    config.backlog = BACKLOG_COUNT
    config.loop = "api.http.process.loop:ServingLoop"
