"""uvicorn, telling the application that it is about to stop before it waits for answers."""

from collections.abc import Callable
from types import FrameType

import uvicorn
from typing_extensions import override


class StoppableServer(uvicorn.Server):
    """A server whose endless answers hear of its end."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_stop()
        super().handle_exit(sig, frame)
