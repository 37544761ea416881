"""Connections, their limits and their end."""

import socket
import threading
from time import monotonic

import pytest

from stream.camera.address import SERVICE_RULES, AddressRules
from stream.camera.dialer import Dialer, DialStopped
from stream.errors import SourceError
from tests.stream.peers.cameras import free_port


def test_a_host_is_connected_to_and_released() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        dialer = Dialer(AddressRules())
        connection = dialer.connect("localhost", server.getsockname()[1])
        dialer.release(connection)
        assert connection.fileno() == -1


def test_a_name_that_leads_to_a_closed_network_is_refused() -> None:
    with pytest.raises(SourceError, match="may not be in"):
        Dialer(SERVICE_RULES).connect("localhost", free_port())


def test_nobody_listening_is_a_sentence() -> None:
    with pytest.raises(SourceError, match="refuses the connection"):
        Dialer(AddressRules()).connect("127.0.0.1", free_port())


def test_no_such_host_is_a_sentence() -> None:
    with pytest.raises(SourceError, match=r"no\.such\.host\.invalid"):
        Dialer(AddressRules()).connect("no.such.host.invalid", 80)


def test_stopping_wakes_whoever_reads() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        dialer = Dialer(AddressRules())
        connection = dialer.connect("127.0.0.1", server.getsockname()[1], timeout=30)
        timer = threading.Timer(0.1, dialer.stop)
        timer.start()
        begin = monotonic()
        assert connection.recv(1) == b""
        assert monotonic() - begin < 5
        timer.join()
        dialer.release(connection)


def test_nothing_is_connected_after_stopping() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        dialer = Dialer(AddressRules())
        dialer.stop()
        with pytest.raises(DialStopped):
            dialer.connect("127.0.0.1", server.getsockname()[1])
        with pytest.raises(DialStopped):
            dialer.resolve("some.host.invalid", 1)
