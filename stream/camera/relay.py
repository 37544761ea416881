"""Stands between FFmpeg and an RTSP camera, on the one connection that the camera sees.

FFmpeg knows one digest only, forgets which status it got, follows redirects and cannot be
interrupted while it opens. So it talks to a socket of this machine, without a password; requests
are passed on to the camera signed, and refusals are remembered with status and method. Once the
camera plays, its packets are passed on as they come. RFC 2326, sections 10 and 10.12.
"""

import re
import secrets
import socket
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from threading import Event, Thread
from time import monotonic
from typing import Final

from stream.camera.address import CameraAddress
from stream.camera.challenge import Login
from stream.camera.container import Trouble
from stream.camera.dialer import Dialer
from stream.camera.messages import MessageReader
from stream.errors import SourceError

ANSWER_TIMEOUT_S: Final = 4.0  # per answer; then the camera counts as hanging
KNOCK_TIMEOUT_S: Final = 4.0  # for FFmpeg to come
FAREWELL_S: Final = 0.5  # for the answer to the last request, so that the camera frees the place
SEND_TIMEOUT_S: Final = 10.0  # for FFmpeg or the camera to take what is passed on
WAIT_SLICE_S: Final = 0.2  # one wait for data, after which a stop is noticed
MAX_TRIES: Final = 3  # of one request: without a password, with it, with a fresh nonce
# What some cameras answer to packets over TCP that they cannot send, besides 461.
NO_TCP: Final = (400, 406, 451, 456, 461, 462, 463, 464, 501, 551)
OPTIONS_INSTEAD: Final = b"Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"
NO_ANSWER: Final = "it accepts the connection, but does not answer"
CLOSED: Final = "it closes the connection without an answer; it may serve as many viewers as it can"
_CLIENT_PORT: Final = re.compile(rb"(?i)client_port=")
_SOURCE: Final = re.compile(rb"(?i);\s*(?:source|destination)=[^;,\r\n]*")


class RtspRelay:
    """Passes FFmpeg's requests on to a camera, and the camera's answers and packets back.

    Attributes:
        trouble: why the camera cannot be watched, once that is known.
        has_refused_tcp: whether the camera answered that it does not send over TCP.
    """

    def __init__(self, address: CameraAddress, connection: socket.socket, dialer: Dialer) -> None:
        """Take a connection to the camera, and wait for FFmpeg at a port of loopback.

        Args:
            address: the camera's.
            connection: to it; closed by this.
            dialer: whose `stop` ends everything while the camera is being opened.
        """
        self._address = address
        self._camera = connection
        self._dialer = dialer
        self._login = Login(address.user, address.password, is_private=False)
        self._gate = socket.create_server(("127.0.0.1", 0), backlog=1)
        self._token = secrets.token_urlsafe(12)
        self._player: socket.socket | None = None
        self._sequence = 0
        self._is_playing = False
        self._is_ending = Event()
        self._leaves = False
        self.trouble = Trouble()
        self.has_refused_tcp = False
        self._thread = Thread(target=self._run, name=f"relay {address.shown}", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where FFmpeg finds the camera; the path is a secret, the door opens once."""
        return f"rtsp://127.0.0.1:{self._gate.getsockname()[1]}/{self._token}"

    def close(self) -> None:
        """End both connections; waits for the camera's farewell for `FAREWELL_S` at most."""
        self._is_ending.set()
        self._thread.join(FAREWELL_S + 2 * WAIT_SLICE_S)

    def _run(self) -> None:
        with self.trouble.kept():
            try:
                self._player = self._welcome()
                self._pass_on(self._player)
            finally:
                self._gate.close()
                self._dialer.release(self._camera)
                if self._player is not None:
                    self._player.close()

    def _welcome(self) -> socket.socket:
        """Wait for FFmpeg; whoever else of this machine comes does not know the path."""
        self._gate.settimeout(WAIT_SLICE_S)
        deadline = monotonic() + KNOCK_TIMEOUT_S
        while not self._has_to_end and monotonic() < deadline:
            with suppress(TimeoutError):
                player, _ = self._gate.accept()
                player.settimeout(SEND_TIMEOUT_S)
                self._gate.close()
                return player
        raise SourceError("it was not opened in time; try again")

    @property
    def _has_to_end(self) -> bool:
        return self._is_ending.is_set() or (self._dialer.is_stopped and not self._is_playing)

    def _pass_on(self, player: socket.socket) -> None:
        """Pass on what comes from either side until one of them leaves."""
        self._from_camera, self._from_player = MessageReader(), MessageReader()
        with DefaultSelector() as selector:
            selector.register(player, EVENT_READ)
            selector.register(self._camera, EVENT_READ)
            while not self._has_to_end:
                ready = {key.fileobj for key, _ in selector.select(WAIT_SLICE_S)}
                if self._has_pending_bytes:
                    ready.add(self._camera)
                if player in ready and not self._take_from_player(player):
                    return
                if self._camera in ready and not self._take_from_camera(player):
                    return

    @property
    def _has_pending_bytes(self) -> bool:
        """Whether TLS holds bytes that a selector does not see."""
        pending = getattr(self._camera, "pending", None)
        return pending is not None and pending() > 0

    def _take_from_player(self, player: socket.socket) -> bool:
        data = _received(player)
        for message in self._from_player.add(data):
            if isinstance(message, bytes) or message.is_answer:
                self._send(bytes(message))
            else:
                self._serve(message, player)
            if self._leaves:
                return False
        return bool(data)

    def _take_from_camera(self, player: socket.socket) -> bool:
        """Pass packets and the camera's own requests on."""
        data = _received(self._camera)
        for message in self._from_camera.add(data):
            player.sendall(bytes(message))
        return bool(data)
