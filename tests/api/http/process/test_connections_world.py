"""Strangers who hold connections, and ask for nothing, keep nobody else out."""

import json
import resource
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from api.http.options import ServerOptions
from api.http.process.connections import ConnectionBounds, ConnectionTable
from api.http.process.files import allow_files
from api.http.process.server import bounds_of
from api.http.process.tls import find_identity
from tests.api.http.process.workers import Workers, workers

HALF = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


class HeldConnection:
    """One that notes whether it was ended."""

    def __init__(self) -> None:
        self.is_over = False

    def give_up(self) -> None:
        self.is_over = True


def entered(table: ConnectionTable, *hosts: str) -> list[HeldConnection]:
    held = [HeldConnection() for _ in hosts]
    for connection, host in zip(held, hosts, strict=True):
        table.enter(connection, host)
    return held


def over(held: list[HeldConnection]) -> list[int]:
    return [place for place, connection in enumerate(held) if connection.is_over]


def test_world_of_too_many_the_one_goes_that_waits_longest() -> None:
    table = ConnectionTable(ConnectionBounds(most=3))
    held = entered(table, "a", "b", "c")
    table.work(held[0])
    held += entered(table, "d")
    assert over(held) == [1]
    table.wait(held[0])
    held += entered(table, "e")
    assert over(held) == [1, 2]
    assert len(table) == 3


def test_world_a_client_with_too_many_ends_its_own_and_no_others() -> None:
    table = ConnectionTable(ConnectionBounds(most=9, most_of_client=2))
    held = entered(table, "192.0.2.1", *["192.0.2.2"] * 5)
    assert over(held) == [1, 2, 3]


def test_world_where_all_are_at_work_the_newest_goes() -> None:
    table = ConnectionTable(ConnectionBounds(most=9, most_of_client=1))
    held = entered(table, "192.0.2.2")
    table.work(held[0])
    held += entered(table, "192.0.2.2")
    assert over(held) == [1]
    table.leave(held[0])
    table.leave(held[0])
    assert len(table) == 0
    assert (dict(table._counts), table._waiting_of) == ({}, {})


def test_world_a_trusted_proxy_stands_for_many_clients() -> None:
    bounds = ConnectionBounds(most=9, most_of_client=1, proxies=("10.0.0.0/8",))
    assert over(entered(ConnectionTable(bounds), *["10.0.0.7"] * 3)) == []


def test_world_there_are_never_more_connections_than_files_to_be_opened() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert allow_files(soft) == soft
    many = ServerOptions(Path("state"), connections=100_000_000)
    assert 2 * bounds_of(many).most < hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def holding(running: Workers, many: int, sent: bytes = HALF) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        held = []
        for _ in range(many):
            connection = socket.create_connection(("127.0.0.1", running.port), timeout=30)
            held.append(stack.enter_context(connection))
            connection.sendall(sent)
        yield held


def is_ended(connection: socket.socket) -> bool:
    """Whether the server ends it while we wait."""
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        return False
    return True


def test_world_a_flood_of_half_requests_ends_itself(tmp_path: Path) -> None:
    with (
        workers(tmp_path, CONNECTIONS="60", CONNECTIONS_PER_ADDRESS="40") as running,
        holding(running, 300) as held,
    ):
        assert running.ask("/healthz").status_code == 200
        assert all(map(is_ended, held[:250]))
        open_files = running.master.children()[0].num_fds()
        assert open_files < 150
        assert running.ask("/healthz").status_code == 200
        text = running.log.read_text()
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        assert len([line for line in lines if "connections" in line["message"]]) == 1
        assert "Traceback" not in text


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        HALF,
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{",
        b"POST /v1/catalogs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\nx",
        b"POST /none HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
    ],
    ids=["nothing", "headers", "login", "body without key", "body for nobody"],
)
def test_world_a_request_that_never_becomes_whole_is_given_up(tmp_path: Path, sent: bytes) -> None:
    with workers(tmp_path) as running, holding(running, 1, sent) as (connection,):
        connection.settimeout(2)
        until = time.monotonic() + 60
        while not is_ended(connection):  # a byte now and then does not help
            assert time.monotonic() < until
            try:
                connection.sendall(b"A")
            except OSError:
                break
        assert "Traceback" not in running.log.read_text()


def test_world_garbage_is_answered_and_logged_once_a_minute(tmp_path: Path) -> None:
    begun = b"GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with workers(tmp_path) as running:
        for sent in (b"\0\1\2\r\n\r\n", begun + b"zz\r\n", begun + b"1\r\nx\r\nzz\r\n"):
            for _ in range(20):
                with holding(running, 1, sent) as (connection,):
                    assert is_ended(connection)
        text = running.log.read_text()
        assert text.count("Invalid HTTP request") == 1
        assert "Traceback" not in text


def test_world_a_client_that_does_not_begin_tls_is_given_up(tmp_path: Path) -> None:
    pair = find_identity(tmp_path, "127.0.0.1", None, None, self_signed=True)
    assert pair is not None
    files = ("--certfile", str(pair.certificate), "--keyfile", str(pair.key))
    with workers(tmp_path, 1, *files) as running, holding(running, 1, b"\x16\x03") as (silent,):
        assert is_ended(silent)
        context = ssl.create_default_context(cafile=str(pair.certificate))
        with (
            socket.create_connection(("127.0.0.1", running.port), timeout=30) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            connection.sendall(HALF + b"\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
