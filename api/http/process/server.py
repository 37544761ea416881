"""uvicorn, as gunicorn's worker and as a server that announces its end."""

from collections.abc import Callable
from types import FrameType
from typing import Any, ClassVar

import uvicorn
from typing_extensions import override
from uvicorn_worker import UvicornWorker  # type: ignore[import-untyped]


class PlainWorker(UvicornWorker):  # type: ignore[misc]
    """A worker of gunicorn whose answers carry no `Server` header.

    What proxies say of their clients is read by the gateway alone, from those that are trusted.
    """

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        **UvicornWorker.CONFIG_KWARGS,
        "server_header": False,
        "proxy_headers": False,
    }


class StoppableServer(uvicorn.Server):
    """A server that calls a function before it waits for answers to end."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_stop()
        super().handle_exit(sig, frame)
