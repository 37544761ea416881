"""Servers that are no S3 server, or not alone: web pages, redirections, a proxy below a path."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final
from urllib.parse import urlsplit

from typing_extensions import override

_OURS: Final = ("transfer-encoding", "content-length", "connection", "server", "date")


@dataclass(frozen=True, slots=True)
class OddReply:
    """An answer of such a server."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class OddQuery:
    """A request that reached it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@contextmanager
def answering(answer: Callable[[OddQuery], OddReply]) -> Iterator[str]:
    """Run a server, and yield its address."""

    class OddHandler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        @override
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def answer_all(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = answer(OddQuery(self.command, self.path, dict(self.headers.items()), body))
            self.send_response(reply.status)
            for name, value in (reply.headers or {}).items():
                self.send_header(name, value)
            if "Content-Length" not in (reply.headers or {}):
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer_all  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", 0), OddHandler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def below(path: str, upstream: str) -> Iterator[str]:
    """Serve another server below a path, as hosted storage does; nothing elsewhere."""
    host = urlsplit(upstream).netloc

    def forward(query: OddQuery) -> OddReply:
        if not query.path.startswith(path):
            return OddReply(404, b"<html>no such site</html>", {"Content-Type": "text/html"})
        headers = {name: v for name, v in query.headers.items() if name.lower() != "connection"}
        with closing(HTTPConnection(host)) as connection:
            inner = query.path.removeprefix(path) or "/"
            connection.request(query.method, inner, query.body, {**headers, "Host": host})
            response = connection.getresponse()
            body = response.read()
            kept = {n: v for n, v in response.getheaders() if n.lower() not in _OURS}
            if query.method == "HEAD":
                kept["Content-Length"] = response.getheader("Content-Length") or "0"
            return OddReply(response.status, body, kept)

    with answering(forward) as address:
        yield address + path
