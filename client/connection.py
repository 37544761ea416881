"""HTTP to one service: answers as JSON, problems and timeouts as `ClientError`."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self, TypeAlias
from urllib.parse import urlsplit

import httpx2

from client.errors import ClientError, Declined, Unreachable

CHUNK_BYTES: Final = 1 << 18  # of files sent and fetched; large enough to keep a fast line busy
CONNECT_TIMEOUT_S: Final = 10.0  # TCP and TLS; a busy service accepts at once, too

Body: TypeAlias = bytes | Iterable[bytes]
Part: TypeAlias = tuple[str, tuple[str, bytes]]
Query: TypeAlias = Mapping[str, str | int | float | bool | Sequence[str]]


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One Server-Sent Event.

    Attributes:
        kind: its type, such as `appearance`.
        data: decoded JSON.
        number: where a reader can resume later; None if the event has none.
    """

    kind: str
    data: Any
    number: int | None = None


class Connection:
    """HTTP connections to one service; threads may share it."""

    def __init__(
        self,
        server: str,
        key: str = "",
        *,
        timeout_s: float = 60.0,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """Check the address and the key; nothing is sent yet.

        Args:
            server: address of the service, such as https://skulens.example.com.
            key: an API key; empty where none is needed.
            timeout_s: the longest silence within an answer, seconds.
            transport: carries the requests; the network if None.

        Raises:
            ClientError: the address is not that of a service, or the key has characters that no
                key has.
        """
        _check(server, key)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.server = server.rstrip("/")
        self._http = httpx2.Client(
            base_url=self.server,
            headers=headers,
            timeout=httpx2.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        payload: Any = None,  # noqa: ANN401 -- any JSON value
        form: Mapping[str, str] | None = None,
        parts: Sequence[Part] = (),
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 -- each caller knows the type of its answer
        """Send a request; return the answer's JSON, None if it has no body.

        Args:
            method: HTTP method.
            path: below the server's address.
            query: of the URL.
            payload: a JSON body.
            form: fields of a form.
            parts: files of a form.
            body: bytes, sent as they are read.
            headers: in addition to the usual ones.

        Raises:
            Declined: the service refused.
            Unreachable: it did not answer.
        """
        with _translated(self.server):
            response = self._http.request(
                method,
                path,
                params=query,
                json=payload,
                data=form,
                files=list(parts) or None,
                content=body,
                headers=headers,
            )
        _check_answer(response, response.content)
        try:
            return response.json() if response.content else None
        except ValueError as error:
            raise Unreachable(f"{self.server} does not answer as skulens does") from error

    def download(self, path: str) -> Iterator[bytes]:
        """Fetch a file of the service in chunks.

        Raises:
            Declined: the service refused.
            Unreachable: it did not answer, or stopped.
        """
        with self._stream(path, {}) as response:
            yield from response.iter_bytes(CHUNK_BYTES)

    def stream_events(self, path: str, query: Query | None = None) -> Iterator[ServerEvent]:
        """Yield Server-Sent Events as they come, until the service ends them.

        Raises:
            Declined: the service refused.
            Unreachable: it did not answer, or stopped.
        """
        with self._stream(path, {"Accept": "text/event-stream"}, query) as response:
            for event in httpx2.EventSource(response):
                if event.data:
                    number = int(event.id) if event.id.isdecimal() else None
                    yield ServerEvent(event.event, json.loads(event.data), number)

    @contextmanager
    def _stream(
        self, path: str, headers: Mapping[str, str], query: Query | None = None
    ) -> Iterator[httpx2.Response]:
        with (
            _translated(self.server),
            self._http.stream("GET", path, params=query, headers=headers) as response,
        ):
            if response.is_error:
                _check_answer(response, response.read())
            yield response


def _check(server: str, key: str) -> None:
    try:
        parts = urlsplit(server)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
        _ = parts.port
    except ValueError:
        is_valid = False
    if not is_valid:
        raise ClientError(f"{server!r} is no address of a service, such as http://127.0.0.1:8000")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ClientError("the key has letters that no API key has; copy it again")


def _check_answer(response: httpx2.Response, body: bytes) -> None:
    if not response.is_error and not response.is_redirect:
        return
    status = response.status_code
    try:
        problem = json.loads(body)
        sentence, kind = str(problem["detail"]), str(problem["type"]).rpartition(":")[2]
    except (ValueError, TypeError, KeyError):
        raise Declined(f"{response.url.host} answered {status}", status) from None
    raise Declined(sentence, status, kind, str(problem.get("picture", "")))


@contextmanager
def _translated(server: str) -> Iterator[None]:
    try:
        yield
    except httpx2.TimeoutException as error:
        raise Unreachable(f"{server} does not answer in time") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
        raise Unreachable(f"{server} cannot be reached: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    message = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in message:
        return "its certificate is not trusted; name the file of it in SSL_CERT_FILE"
    return message or type(error).__name__
