"""A server at a port that answers whatever comes with the same."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def listening(answer: bytes = b"") -> Iterator[int]:
    """Accept connections, and answer every request alike, or not at all; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    held.append(connection)
                    if answer:
                        answer_all(connection)

        def answer_all(connection: socket.socket) -> None:
            with suppress(OSError):
                while connection.recv(4096):
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        for connection in held:
            connection.close()
        thread.join(5)
