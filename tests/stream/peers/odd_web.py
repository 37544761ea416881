"""A web camera that plays the odd side: challenges, dialects and bodies of real cameras."""

import hashlib
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import override

USER, PASSWORD, REALM, NONCE = "operator", "s3cret", 'Shop "1", north', "0a1b2c3d"
HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
_FIELD = re.compile(r'(\w+)=(?:"((?:\\.|[^"\\])*)"|([^",\s]*))')


def fields_of(authorization: str) -> dict[str, str]:
    """The fields of an `Authorization: Digest` header."""
    return {
        name: re.sub(r"\\(.)", r"\1", quoted) if quoted else plain
        for name, quoted, plain in _FIELD.findall(authorization)
    }


def is_right_digest(authorization: str, method: str, *, nonce: str = NONCE) -> bool:
    """Check a digest as RFC 7616 says."""
    if not authorization.startswith("Digest "):
        return False
    given = fields_of(authorization)
    algorithm = given.get("algorithm", "MD5").upper()

    def hashed(*parts: str) -> str:
        name = HASHES[algorithm.removesuffix("-SESS")]
        return hashlib.new(name, ":".join(parts).encode(), usedforsecurity=False).hexdigest()

    key = hashed(USER, REALM, PASSWORD)
    if algorithm.endswith("-SESS"):
        key = hashed(key, nonce, given["cnonce"])
    request = [method, given["uri"]]
    if given.get("qop") == "auth-int":
        request.append(hashed(""))
    middle = [given["nc"], given["cnonce"], given["qop"]] if "qop" in given else []
    user = hashed(USER, REALM) if given.get("userhash") == "true" else USER
    is_known = given["nonce"] == nonce and given["username"] == user and given["realm"] == REALM
    return is_known and given["response"] == hashed(key, nonce, *middle, hashed(*request))


@dataclass
class OddPage:
    """The answer at a path.

    Attributes:
        challenges: of the 401, while the password is not right.
        status: of the answer.
        kind: its content type; None for no header.
        parts: its body, sent one after the other, with a pause of `pause` seconds after each.
        has_length: whether the length is announced.
        headers: others.
        protocol: that its first line names.
    """

    challenges: tuple[str, ...] = ()
    status: int = 200
    kind: str | None = None
    parts: Callable[[], Iterator[bytes]] = lambda: iter(())
    pause: float = 0.0
    has_length: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    protocol: str = "HTTP/1.1"


@dataclass
class OddWeb:
    """A running server.

    Attributes:
        port: of loopback.
        heard: path and `Authorization` of each request, in order.
        connections: how many were made.
    """

    pages: Mapping[str, OddPage]
    port: int = 0
    heard: list[tuple[str, str]] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str, *, login: bool = True) -> str:
        """The address of a page."""
        user = f"{USER}:{PASSWORD}@" if login else ""
        return f"http://{user}127.0.0.1:{self.port}{path}"

    @contextmanager
    def running(self) -> Iterator["OddWeb"]:
        """Serve until the end."""
        web = self

        class Here(OddWebHandler):
            odd_web = web

        server = _PatientServer(("127.0.0.1", 0), Here)
        server.daemon_threads = True
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _PatientServer(ThreadingHTTPServer):
    """Prints nothing of clients that leave in the middle."""

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what else went wrong."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class OddWebHandler(BaseHTTPRequestHandler):
    """Answers by the pages."""

    protocol_version = "HTTP/1.1"
    odd_web: OddWeb

    @override
    def setup(self) -> None:
        super().setup()
        self.odd_web.connections += 1

    def do_GET(self) -> None:
        given = self.headers.get("Authorization", "")
        path = self.path.partition("?")[0]
        self.odd_web.heard.append((self.path, given))
        page = self.odd_web.pages.get(path) or OddPage(status=404, has_length=True)
        with suppress(OSError):
            if page.challenges and not self._is_let_in(page, given):
                self._refuse(page)
            else:
                self._serve(page)

    @override
    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def _is_let_in(self, page: OddPage, given: str) -> bool:
        if given.startswith("Basic "):
            return any(text.lower().startswith("basic") for text in page.challenges)
        return is_right_digest(given, "GET")

    def _refuse(self, page: OddPage) -> None:
        self.send_response(401)
        for challenge in page.challenges:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"no")

    def _serve(self, page: OddPage) -> None:
        self.protocol_version = page.protocol
        self.send_response(page.status)
        for name, value in page.headers:
            self.send_header(name, value)
        if page.kind is not None:
            self.send_header("Content-Type", page.kind)
        body = b"".join(page.parts()) if page.has_length else b""
        if page.has_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if page.has_length:
            self.wfile.write(body)
            return
        self.close_connection = True
        for part in page.parts():
            self.wfile.write(part)
            time.sleep(page.pause)
