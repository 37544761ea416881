"""The word that the service is about to stop, for answers that would go on for ever."""

import asyncio
from contextlib import suppress


class ShutdownSignal:
    """Set once, from any thread or a signal handler; waited for on the event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        self._is_set = False

    @property
    def is_set(self) -> bool:
        """Whether the service is about to stop."""
        return self._is_set

    def begin(self) -> None:
        """Be on the running event loop from now on."""
        self._loop = asyncio.get_running_loop()

    def set(self) -> None:
        """Tell everybody."""
        self._is_set = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed already
                self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self) -> None:
        """Until it is set."""
        await self._event.wait()
