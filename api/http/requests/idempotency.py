"""The same POST twice does its work once: answers are kept under the client's key."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Refused
from api.http.auth.principal import HEADER
from api.http.problems import problem_response

KEY: Final = "idempotency-key"
LONGEST: Final = 255  # characters of a key
KEPT_S: Final = 24 * 3600.0
MOST: Final = 10_000  # answers
LARGEST: Final = 1_000_000  # bytes of an answer; larger ones are not kept

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
    known by method, path, query and length: the parts of a form are separated differently each
    time, so its bytes differ.
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
        await self._once(name, _fingerprint(scope, headers), scope, receive, send)

    async def _once(
        self, name: str, request: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        store: AnswerStore = scope["state"]["engine"].answers
        kept = store.get(name)
        if kept is not None and kept.request != request:
            detail = "this Idempotency-Key was used for another request"
            await problem_response(422, detail, "idempotency")(scope, receive, send)
        elif kept is not None:
            await _repeat(kept, send)
        elif name in self._under_way:
            detail = "the first request with this Idempotency-Key is under way"
            await problem_response(409, detail, "idempotency")(scope, receive, send)
        else:
            self._under_way.add(name)
            try:
                answer = _AnswerRecorder(send)
                await self._app(scope, receive, answer.send)
                if (done := answer.stored(request)) is not None:
                    store.put(name, done)
            finally:
                self._under_way.discard(name)


class _AnswerRecorder:
    """Notes an answer while it is sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._status = 0
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            raw = message.get("headers", [])
            self._headers = [(key.decode("latin-1"), value.decode("latin-1")) for key, value in raw]
        elif len(self._body) <= LARGEST:
            self._body += message.get("body", b"")
        await self._send(message)

    def stored(self, request: str) -> StoredAnswer | None:
        if not 200 <= self._status < 300 or len(self._body) > LARGEST:
            return None
        return StoredAnswer(request, self._status, self._headers, bytes(self._body))


def _fingerprint(scope: Scope, headers: Headers) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{scope['path']}?{query} {headers.get('content-length', '')}"


async def _repeat(kept: StoredAnswer, send: Send) -> None:
    headers = [*kept.headers, ("idempotent-replayed", "true")]
    raw = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in headers]
    await send({"type": "http.response.start", "status": kept.status, "headers": raw})
    await send({"type": "http.response.body", "body": kept.body})
