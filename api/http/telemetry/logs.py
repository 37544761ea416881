"""Structured logs: one JSON object a line on stderr, with the request's id where there is one."""

import json
import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

request_id: Final[ContextVar[str]] = ContextVar("request_id", default="")

_MEMBERS: Final = ("request_id", "method", "path", "status", "ms", "key_id", "client", "session_id")


MINUTE_S: Final = 60.0
# How lines begin that anybody can cause without a key, as often as they like.
STRANGERS: Final = (
    "connections without a whole request",
    "socket.accept() out of system resource",
    "Invalid HTTP request received",
    "Unsupported upgrade request",
    "opening handshake failed",
)


class JsonLines(logging.Formatter):
    """Records as JSON Lines."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line of JSON."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        line.update({name: vars(record)[name] for name in _MEMBERS if name in vars(record)})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class RequestIdContext:
    """Middleware that puts the request's id into whatever is logged meanwhile."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "lifespan":
            request_id.set(Headers(scope=scope).get("x-request-id", ""))
        await self._app(scope, receive, send)


class OncePerMinute(logging.Filter):
    """Lets what strangers can cause through once a minute, and counts the rest."""

    def __init__(self, texts: Iterable[str], clock: Callable[[], float] = time.monotonic) -> None:
        """Name what is let through rarely, by how its text begins."""
        super().__init__()
        self._texts = tuple(texts)
        self._clock = clock
        self._since: dict[str, float] = {}
        self._held: Counter[str] = Counter()

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is written; it says how many were not."""
        text = next((text for text in self._texts if record.getMessage().startswith(text)), None)
        if text is None:
            return True
        now = self._clock()
        if now - self._since.get(text, float("-inf")) < MINUTE_S:
            self._held[text] += 1
            return False
        self._since[text] = now
        held = self._held.pop(text, 0)
        if held:
            record.msg, record.args = f"{record.getMessage()} ({held} more since the last line)", ()
        return True


def configure_logging(level: int = logging.INFO) -> None:
    """Send everything to stderr as JSON Lines; what libraries say in detail is left out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    handler.addFilter(OncePerMinute(STRANGERS))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    _log_untaken()
    for chatty in ("aioice", "aiortc", "botocore", "boto3", "urllib3", "PIL", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _log_untaken() -> None:
    """Make one line of every exception that nobody takes: in a thread, a callback, a finaliser."""
    logger = logging.getLogger("skulens.untaken")

    def of_thread(caught: threading.ExceptHookArgs) -> None:
        name = "a thread" if caught.thread is None else f"the thread {caught.thread.name}"
        log(f"{name} ended by an exception that nobody took", caught.exc_value)

    def of_callback(caught: "sys.UnraisableHookArgs") -> None:
        log("a callback of a library raised an exception", caught.exc_value)

    def of_process(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
        log("the process ended by an exception that nobody took", error)

    def log(message: str, error: BaseException | None) -> None:
        logger.error(message, exc_info=error)

    threading.excepthook = of_thread
    sys.unraisablehook = of_callback
    sys.excepthook = of_process
