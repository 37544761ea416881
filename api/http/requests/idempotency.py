"""The same POST twice does its work once: answers are kept under the client's key."""

import hashlib
import json
import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Final

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Refused, sentence
from api.http.auth.principal import HEADER
from api.http.problems import problem_response, response_of

KEY: Final = "idempotency-key"
LONGEST: Final = 255  # characters of a key
KEPT_S: Final = 24 * 3600.0
MOST: Final = 10_000  # answers
LARGEST: Final = 1_000_000  # bytes of an answer; larger ones are not kept

_logger: Final = logging.getLogger(__name__)

_SCHEMA: Final = """
PRAGMA journal_mode=WAL;
CREATE TABLE IF NOT EXISTS answers (
    name TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL,
    headers TEXT NOT NULL, body BLOB NOT NULL, at REAL NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer that is kept.

    Attributes:
        request: fingerprint of the request.
        status: of HTTP.
        headers: names and values.
        body: whole.
    """

    request: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class AnswerStore:
    """Answers in one SQLite file, for a day; thread-safe."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Open the file, or begin one.

        Raises:
            Refused: it is damaged.
            OSError: the folder cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._lock = Lock()
        try:
            self._database = sqlite3.connect(path, check_same_thread=False)
            self._database.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise Refused(f"{path} is damaged ({error}); move it away to begin anew") from error

    def get(self, name: str) -> StoredAnswer | None:
        """Return the answer under a name; None if there is none, or none any more."""
        columns = "request, status, headers, body"
        query = f"SELECT {columns} FROM answers WHERE name = ? AND at > ?"
        values = (name, self._clock() - KEPT_S)
        with self._lock, closing(self._database.execute(query, values)) as found:
            row = found.fetchone()
        if row is None:
            return None
        headers = [(str(key), str(value)) for key, value in json.loads(row[2])]
        return StoredAnswer(row[0], int(row[1]), headers, bytes(row[3]))

    def put(self, name: str, kept: StoredAnswer) -> None:
        """Keep an answer; the oldest ones go."""
        now = self._clock()
        row = (name, kept.request, kept.status, json.dumps(kept.headers), kept.body, now)
        with self._lock, self._database:
            self._database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)", row)
            self._database.execute(
                "DELETE FROM answers WHERE at < ? OR name NOT IN "
                "(SELECT name FROM answers ORDER BY at DESC LIMIT ?)",
                (now - KEPT_S, MOST),
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


class IdempotentPosts:
    """Middleware that repeats the answers of POSTs that carry a key.

    Only what was done is kept; a refusal changed nothing and is worked out again. A request is
    known by path, query and the hash of its body, in which what separates the parts of a form is
    left out: clients choose it anew each time.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._under_way: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        key = headers.get(KEY, "")
        if not key or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        if len(key) > LONGEST:
            detail = f"Idempotency-Key has over {LONGEST} characters"
            await problem_response(HTTPStatus.BAD_REQUEST, detail)(scope, receive, send)
            return
        name = hashlib.sha256(f"{headers.get(HEADER, '')}\0{key}".encode()).hexdigest()
        await self._once(name, _BodyHash(receive, headers), scope, send)

    async def _once(self, name: str, body: "_BodyHash", scope: Scope, send: Send) -> None:
        store: AnswerStore = scope["state"]["engine"].answers
        receive = body.receive
        try:
            kept = store.get(name)
        except sqlite3.Error as error:  # outside of what answers a route's errors
            await response_of(error)(scope, receive, send)
            return
        if kept is not None:
            if kept.request == await _fingerprint(scope, body):
                await _repeat(kept, send)
                return
            detail = "this Idempotency-Key was used for another request"
            await problem_response(422, detail, "idempotency")(scope, receive, send)
        elif name in self._under_way:
            detail = "the first request with this Idempotency-Key is under way"
            await problem_response(409, detail, "idempotency")(scope, receive, send)
        else:
            self._under_way.add(name)
            try:
                answer = _AnswerRecorder(send, body)
                await self._app(scope, receive, answer.send)
                if answer.is_kept:
                    _keep(store, name, answer.stored(await _fingerprint(scope, body)))
            finally:
                self._under_way.discard(name)


def _keep(store: AnswerStore, name: str, answer: StoredAnswer) -> None:
    try:
        store.put(name, answer)
    except sqlite3.Error as error:  # what was done is done, and was answered
        _logger.warning("an answer is not kept for a repetition: %s", sentence(error))


class _AnswerRecorder:
    """Notes an answer while it is sent."""

    def __init__(self, send: Send, request: "_BodyHash") -> None:
        self._send = send
        self._request = request
        self._status = 0
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            raw = message.get("headers", [])
            self._headers = [(key.decode("latin-1"), value.decode("latin-1")) for key, value in raw]
            if self.is_kept:  # once it is answered, a body that nobody read is gone
                await self._request.drain()
        elif len(self._body) <= LARGEST:
            self._body += message.get("body", b"")
        await self._send(message)

    @property
    def is_kept(self) -> bool:
        return 200 <= self._status < 300 and len(self._body) <= LARGEST

    def stored(self, request: str) -> StoredAnswer:
        return StoredAnswer(request, self._status, self._headers, bytes(self._body))


class _BodyHash:
    """Hashes a body while it is read."""

    def __init__(self, receive: Receive, headers: Headers) -> None:
        _, options = parse_options_header(headers.get("content-type", ""))
        self._receive = receive
        self._separator = options.get(b"boundary", b"")
        self._hash = hashlib.sha256()
        self._held = b""  # it may begin a separator
        self._ended = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._add(message.get("body", b""))
            self._ended = not message.get("more_body", False)
        else:
            self._ended = True
        return message

    async def drain(self) -> None:
        """Read what nobody has read."""
        while not self._ended:
            await self.receive()

    async def digest(self) -> str:
        """Return the hash of the whole body, what nobody has read included."""
        await self.drain()
        self._hash.update(self._held)
        self._held = b""
        return self._hash.hexdigest()

    def _add(self, data: bytes) -> None:
        if not self._separator:
            self._hash.update(data)
            return
        *whole, last = (self._held + data).split(self._separator)
        for piece in whole:
            self._hash.update(piece)
        kept = min(len(self._separator) - 1, len(last))
        self._hash.update(last[: len(last) - kept])
        self._held = last[len(last) - kept :]


async def _fingerprint(scope: Scope, body: _BodyHash) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{scope['path']}?{query} {await body.digest()}"


async def _repeat(kept: StoredAnswer, send: Send) -> None:
    headers = [*kept.headers, ("idempotent-replayed", "true")]
    raw = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in headers]
    await send({"type": "http.response.start", "status": kept.status, "headers": raw})
    await send({"type": "http.response.body", "body": kept.body})
