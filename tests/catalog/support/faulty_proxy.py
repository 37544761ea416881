"""Stands between a client and an S3 server and does what networks and servers do on bad days."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from typing_extensions import override

from catalog.storage.s3 import S3Options
from tests.catalog.support.buckets import free_ports

READ_SECONDS = 2.0
SLOW_SECONDS = 0.2
LATE_SECONDS = 3.0
_HANG_SECONDS = 5.0
_CONTENTS = re.compile(rb"<Contents>.*?</Contents>", re.S)
_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class Fault(StrEnum):
    NONE = "none"
    REFUSED = "refused"  # nobody listens
    DROPPED = "dropped"  # accepted, then closed without an answer
    BUSY = "503"
    SLOW = "slow"
    HANGS = "hangs"
    LATE_PUT = "a timed-out PUT applied later"
    EMPTY_LISTING = "empty listing"
    HALF_LISTING = "half listing"
    CUT_OFF = "answers break off"


class Proxy:
    """A server on loopback whose fault can be changed at any time.

    Attributes:
        fault: what goes wrong now.
        concerns: pattern of the requests that it concerns, such as `^PUT .*/journal/`.
    """

    def __init__(self, backend: S3Options) -> None:
        self.fault = Fault.NONE
        self.concerns = re.compile("")
        self._host = urlsplit(backend.endpoint).netloc
        self._backend = backend
        self._server: ThreadingHTTPServer | None = None
        # None that the system gives to clients: one of them could end up talking to itself.
        self._port = free_ports(1)

    @property
    def options(self) -> S3Options:
        """How to reach the server through the proxy, impatiently."""
        return replace(
            self._backend,
            endpoint=f"http://127.0.0.1:{self._port}",
            connect_seconds=READ_SECONDS,
            read_seconds=READ_SECONDS,
            attempts=2,
        )

    def listen(self) -> None:
        handler = type("Handler", (_Handler,), {"proxy": self, "backend": self._host})
        self._server = _Server(("127.0.0.1", self._port), handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @contextmanager
    def during(self, fault: Fault, concerns: str = "") -> Iterator[None]:
        """The fault, while the block runs, for requests of a pattern; all when it is empty."""
        self.concerns = re.compile(concerns)
        self.fault = fault
        if fault is Fault.REFUSED:
            self.close()
        try:
            yield
        finally:
            self.fault = Fault.NONE
            if self._server is None:
                self.listen()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that lose patience are no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy
    backend: str

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        concerned = self.proxy.concerns.search(f"{self.command} {self.path}")
        fault = self.proxy.fault if concerned else Fault.NONE
        conditional = self.headers.get("If-None-Match") is not None
        if fault in (Fault.DROPPED, Fault.REFUSED):
            self.close_connection = True
        elif fault is Fault.HANGS:
            time.sleep(_HANG_SECONDS)
            self.close_connection = True
        elif fault is Fault.BUSY:
            self._answer(503, {}, b"<Error><Code>SlowDown</Code></Error>")
        else:
            if fault is Fault.SLOW:
                time.sleep(SLOW_SECONDS)
            if fault is Fault.LATE_PUT and conditional:
                time.sleep(LATE_SECONDS)
            self._forward(body, fault)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _serve  # noqa: N815

    def _forward(self, body: bytes, fault: Fault) -> None:
        connection = HTTPConnection(self.backend, timeout=30)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() != "expect"}
            connection.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, HTTPException):
            self.close_connection = True
            return
        finally:
            connection.close()
        kept = {k: v for k, v in answer.getheaders() if k.lower() not in _HOP}
        if "list-type=2" in self.path:
            data = _shortened(data, fault)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        cut = fault is Fault.CUT_OFF and self.command == "GET" and answer.status == 200
        self._answer(answer.status, kept, data, length=length, cut=cut)

    def _answer(
        self,
        status: int,
        headers: dict[str, str],
        data: bytes,
        *,
        length: str | None = None,
        cut: bool = False,
    ) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if cut else data)
        self.close_connection = self.close_connection or cut


def _shortened(data: bytes, fault: Fault) -> bytes:
    if fault not in (Fault.EMPTY_LISTING, Fault.HALF_LISTING):
        return data
    every = 1 if fault is Fault.EMPTY_LISTING else 2
    count = 0

    def kept(match: re.Match[bytes]) -> bytes:
        nonlocal count
        count += 1
        return b"" if count % every == 0 else match.group()

    return _CONTENTS.sub(kept, data)


@contextmanager
def proxied(backend: S3Options) -> Iterator[Proxy]:
    """A proxy in front of a server while the block runs."""
    proxy = Proxy(backend)
    proxy.listen()
    try:
        yield proxy
    finally:
        proxy.close()
