"""asyncio's loop for a server that strangers reach."""

import asyncio
from typing import Any, Final

from typing_extensions import override

HANDSHAKE_S: Final = 10.0  # for TLS, before the protocol hears of a connection; asyncio waits 60
SHUTDOWN_S: Final = 5.0  # for TLS to end; asyncio waits 30


class ServingLoop(asyncio.SelectorEventLoop):
    """A loop whose servers wait less long for TLS, which uvicorn has no option for."""

    @override
    async def create_server(self, *args: Any, **kwargs: Any) -> asyncio.Server:
        """Listen, as asyncio does."""
        if kwargs.get("ssl") is not None:
            limits = {"ssl_handshake_timeout": HANDSHAKE_S, "ssl_shutdown_timeout": SHUTDOWN_S}
            kwargs.update(limits)
        server: asyncio.Server = await super().create_server(*args, **kwargs)
        return server
