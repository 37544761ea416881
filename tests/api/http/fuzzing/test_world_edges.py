"""No value of any operation, from the edges of its type, makes the service fail."""

import logging
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typing_extensions import override

from api.http.auth.keys import KeyStore
from api.http.auth.scope import Scope
from tests.api.http.fuzzing.probes import Operation, Probe, operations, probes
from tests.api.http.serving import Service, png, serving

AT_ONCE = 2
A_SHARE = 17  # of the requests one is sent, another one of each operation
ALL = 1
UNAVAILABLE = 503
# The catalog that the others need, deleted at the end; and what ends no sooner than its session.
LAST = ("DELETE /v1/catalogs/{catalog}",)
GOOD = {
    "catalog": "shop", "product_id": "tea", "camera_id": "till", "job_id": "0" * 16,
    "video_id": "0" * 16, "session_id": "s1", "appearance_id": "s1-1", "viewer": "viewer",
    "webhook_id": "till",
}  # fmt: skip


# So says uvicorn of every upgrade that is answered by a status of HTTP, although it is whole.
REFUSED_HANDSHAKE = "ASGI callable returned without completing handshake"


class Faults(logging.Handler):
    """Keeps what was logged as an error, or with a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith(REFUSED_HANDSHAKE):
            return
        if record.levelno >= logging.ERROR or record.exc_info:
            self.found.append(logging.Formatter().format(record))


@contextmanager
def faults_logged() -> Iterator[list[str]]:
    """Yield what is logged while the block runs, and should not be."""
    faults, root = Faults(), logging.getLogger()
    root.addHandler(faults)
    try:
        yield faults.found
    finally:
        root.removeHandler(faults)


@contextmanager
def guarded(folder: Path, *, through_proxy: bool = False) -> Iterator[Service]:
    """A service with a catalog, a product and keys, request with the key of an administrator."""
    with serving(folder, per_second=1e6, through_proxy=through_proxy) as running:
        running.client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
        running.add("tea", 1).raise_for_status()
        text, _ = KeyStore(running.options.keys).create([Scope.ADMIN])
        running.client.headers["Authorization"] = f"Bearer {text}"
        yield running


def all_operations(running: Service) -> list[Operation]:
    image_id = running.client.get("/v1/catalogs/shop/products/tea").json()["images"][0]["image_id"]
    document = running.client.get("/v1/openapi.json").json()
    found = list(operations(document, {**GOOD, "image_id": image_id}))
    return sorted(found, key=lambda operation: operation.name in LAST)


def ask_all(running: Service, operation: Operation, share: int) -> list[str]:
    """Send one of so many of an operation's requests: those that were answered wrongly."""
    chosen = islice(probes(operation, png(3)), len(operation.name) % share, None, share)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = pool.map(lambda probe: (probe, ask(running.client, probe)), chosen)
        return [
            f"{status} for {operation.name} with {probe.what}"
            for probe, status in statuses
            if not 200 <= status < 500 and status != UNAVAILABLE
        ]


def ask(client: httpx2.Client, probe: Probe) -> int:
    """Send a request: its status; 0 for none."""
    headers = {name.encode(): value for name, value in probe.headers.items()}
    for _ in range(3):
        try:
            with client.stream(
                probe.method, probe.path, content=probe.body, headers=headers
            ) as answer:
                return answer.status_code
        except httpx2.TransportError:
            continue  # what is refused before it is read may be answered while we still write
    return 0


def wrong_answers(running: Service, share: int) -> Sequence[str]:
    with faults_logged() as faults:
        found = all_operations(running)
        assert len(found) > 50
        wrong = [answer for operation in found for answer in ask_all(running, operation, share)]
    return [*wrong, *faults]


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning")
def test_world_no_value_from_the_edge_of_its_type_makes_the_service_fail(tmp_path: Path) -> None:
    with guarded(tmp_path) as running:
        assert wrong_answers(running, A_SHARE) == []


@pytest.mark.soak
@pytest.mark.parametrize("through_proxy", [False, True])
@pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning")
def test_world_all_values_from_the_edges_of_their_types_are_answered(
    tmp_path: Path, through_proxy: bool
) -> None:
    with guarded(tmp_path, through_proxy=through_proxy) as running:
        assert wrong_answers(running, ALL) == []


SOCKETS = (
    "/", "/index.html", "/healthz", "/readyz", "/metrics", "/login", "/logout", "/v1/me", "/v1",
    "/v1/", "/v1/catalogs", "/v1/catalogs/shop/products", "/v1/openapi.json", "/v1/nothing", "/..",
    "/v1/sessions/s1/events", "/v1/sessions/none/events/ws", "/v1/sessions/%00/events/ws",
    f"/v1/sessions/s1/events/ws?after={'9' * 400}", f"/v1/sessions/s1/events/ws?after={'9' * 5000}",
    "/v1/sessions/s1/events/ws?after=-1", "/v1/sessions/s1/events/ws?after=NaN&overlay=perhaps",
    "/v1/sessions/%ff/events/ws", "/%00",
)  # fmt: skip


@pytest.mark.parametrize("with_key", [True, False])
@pytest.mark.parametrize("through_proxy", [True, False])
def test_world_a_web_socket_where_there_is_none_is_refused(
    tmp_path: Path, with_key: bool, through_proxy: bool
) -> None:
    with guarded(tmp_path, through_proxy=through_proxy) as running, faults_logged() as faults:
        key = running.client.headers["Authorization"] if with_key else ""
        statuses = {path: upgrade(running.url, path, key) for path in SOCKETS}
    assert {path: status for path, status in statuses.items() if not 400 <= status < 500} == {}
    assert faults == []


def upgrade(url: str, path: str, key: str) -> int:
    """Ask for a WebSocket: the status of the answer."""
    address = httpx2.URL(url)
    lines = [
        f"GET {path} HTTP/1.1", f"Host: {address.host}:{address.port}", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *([f"Authorization: {key}"] if key else []),
    ]  # fmt: skip
    with socket.create_connection((str(address.host), address.port or 80), timeout=20) as there:
        there.sendall("\r\n".join([*lines, "", ""]).encode())
        return int(there.recv(100).split()[1])


@pytest.mark.parametrize("header", ["last-event-id", "if-match", "range"])
def test_world_a_header_of_thousands_of_digits_is_answered(tmp_path: Path, header: str) -> None:
    digits = {header: "9" * 5_000}
    with guarded(tmp_path) as running, faults_logged() as faults:
        request: Any = running.client.build_request("GET", "/v1/sessions/s1/events", headers=digits)
        assert 400 <= running.client.send(request).status_code < 500
    assert faults == []
