"""A TCP connection that can die silently, as when a cable is pulled."""

import select
import socket
from contextlib import suppress
from threading import Event, Thread


class TcpProxy:
    """Forwards to a port of loopback; can swallow everything and leave connections open."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._held: list[socket.socket] = []
        self._swallowing = Event()
        self._stopping = Event()
        self._thread = Thread(target=self._run)
        self._thread.start()

    def swallow(self) -> None:
        """Drop all data from now on, with connections left open."""
        self._swallowing.set()

    def forward(self) -> None:
        """Let new connections pass again; those that were swallowed stay dead."""
        self._swallowing.clear()

    def __enter__(self) -> "TcpProxy":
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(5)
        for connection in [self._server, *self._held]:
            connection.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._swallowing.is_set():
                self._pairs.clear()
            ready, _, _ = select.select([self._server, *self._pairs], [], [], 0.05)
            for connection in ready:
                if connection is self._server:
                    self._accept()
                elif not self._swallowing.is_set():
                    self._pass(connection)

    def _accept(self) -> None:
        near, _ = self._server.accept()
        self._held.append(near)
        if self._swallowing.is_set():
            return
        far = socket.create_connection(("127.0.0.1", self._target))
        self._held.append(far)
        self._pairs[near], self._pairs[far] = far, near

    def _pass(self, connection: socket.socket) -> None:
        other = self._pairs.get(connection)
        if other is None:
            return
        data = b""
        with suppress(OSError):
            data = connection.recv(65536)
            other.sendall(data)
        if not data:
            for end in (connection, other):
                self._pairs.pop(end, None)
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
