"""The requests to one RTSP camera and its answers, signed as it wants them (RFC 2326)."""

import socket
from collections.abc import Callable
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from time import monotonic
from typing import Final

from stream.camera.challenge import Login
from stream.camera.messages import MessageReader, RtspMessage
from stream.errors import SourceError

ANSWER_TIMEOUT_S: Final = 4.0  # per answer; then the camera counts as hanging
FAREWELL_S: Final = 0.5  # for the answer to the last request, so that the camera frees the place
WAIT_SLICE_S: Final = 0.2  # one wait for data, after which a stop is noticed
RECEIVE_BYTES: Final = 65536
MAX_TRIES: Final = 3  # of one request: without a password, with it, with a fresh nonce
UNAUTHORIZED: Final = 401  # status
NO_ANSWER: Final = (
    "it accepts the connection, but does not answer; check the port, or start it anew"
)
CLOSED: Final = "it closes the connection without an answer; it may serve as many viewers as it can"


class DialogueOver(Exception):
    """Nothing is wrong, but one side has left or is to leave."""


class RtspDialogue:
    """Talks to a camera on an open connection.

    Attributes:
        is_playing: whether the camera sends packets, so that an answer may fail to come.
        doubt: what the camera refused that was not needed; the reason if it leaves then.
    """

    def __init__(
        self,
        connection: socket.socket,
        login: Login,
        on_other: Callable[[bytes], None],
        has_to_end: Callable[[], bool],
    ) -> None:
        """Prepare.

        Args:
            connection: to the camera.
            login: signs the requests.
            on_other: gets packets and the camera's own requests, each whole.
            has_to_end: whether all waits are to end.
        """
        self._connection = connection
        self._login = login
        self._on_other = on_other
        self._has_to_end = has_to_end
        self._messages = MessageReader()
        self._sequence = 0
        self.is_playing = False
        self.doubt = ""

    def request(self, request: RtspMessage) -> RtspMessage | None:
        """Send a request, signed; return its answer.

        None if the camera plays and does not answer: packets then show whether it lives.

        Raises:
            SourceError: it does not answer, leaves, or wants what cannot be given.
            DialogueOver: it is to end.
        """
        answer, has_fresh_nonce = self._exchange(request), False
        for _ in range(MAX_TRIES - 1):
            if answer is None or answer.status != UNAUTHORIZED:
                break
            chosen = self._login.choose(answer.all_headers("WWW-Authenticate"))
            if has_fresh_nonce and not chosen.is_stale:
                break
            has_fresh_nonce = True
            answer = self._exchange(request)
        return answer

    def send(self, data: bytes) -> None:
        """Send bytes as they are.

        Raises:
            SourceError: the camera has left.
        """
        try:
            self._connection.sendall(data)
        except OSError as error:
            raise SourceError(self.doubt or "it closes the connection") from error

    def receive(self) -> None:
        """Receive what has come, and hand on what is whole; late answers are dropped.

        Raises:
            SourceError: the camera has left while it was being opened, or the connection broke.
            DialogueOver: it has left while it played.
        """
        self._receive()
        while (message := self._messages.next()) is not None:
            self._hand_on(message)

    def can_receive(self, *others: socket.socket) -> set[object]:
        """Wait a short while; return which of some sockets and the camera's can be read."""
        pending = getattr(self._connection, "pending", None)  # of TLS, which no selector sees
        if pending is not None and pending() > 0:
            return {self._connection}
        with DefaultSelector() as selector:
            for waiting in (self._connection, *others):
                selector.register(waiting, EVENT_READ)
            return {key.fileobj for key, _ in selector.select(WAIT_SLICE_S)}

    def part(self, place: str, session: str) -> None:
        """Take leave of the camera, so that it frees the place; at most `FAREWELL_S`."""
        last = RtspMessage(f"TEARDOWN {place} RTSP/1.0", (("Session", session),))
        with suppress(OSError, SourceError, DialogueOver):
            self._connection.settimeout(FAREWELL_S)
            self._send_signed(last)
            deadline = monotonic() + FAREWELL_S
            while monotonic() < deadline:
                self._messages.add(self._connection.recv(RECEIVE_BYTES) or b"RTSP/1.0 0\r\n\r\n")
                while (message := self._messages.next()) is not None:
                    if isinstance(message, RtspMessage):
                        return

    def _exchange(self, request: RtspMessage) -> RtspMessage | None:
        self._send_signed(request)
        deadline = monotonic() + ANSWER_TIMEOUT_S
        while monotonic() < deadline:
            while (message := self._messages.next()) is not None:
                if self._is_answer(message):
                    return message if isinstance(message, RtspMessage) else None
                self._hand_on(message)
            if self._has_to_end():
                raise DialogueOver
            if self.can_receive():
                self._receive()
        if self.is_playing:
            return None
        raise SourceError(self.doubt or NO_ANSWER)

    def _send_signed(self, request: RtspMessage) -> None:
        self._sequence += 1
        secret = self._login.authorization(request.method, request.uri)
        request = request.having("CSeq", str(self._sequence)).having("User-Agent", "skulens")
        self.send(bytes(request.having("Authorization", secret) if secret else request))

    def _is_answer(self, message: RtspMessage | bytes) -> bool:
        """Whether it answers the last request.

        Some cameras leave its number out or have one of their own; before they play, no answer
        can be late.
        """
        if isinstance(message, bytes) or not message.is_answer:
            return False
        return not self.is_playing or message.header("CSeq") in ("", str(self._sequence))

    def _hand_on(self, message: RtspMessage | bytes) -> None:
        if isinstance(message, bytes) or not message.is_answer:
            self._on_other(bytes(message))

    def _receive(self) -> None:
        try:
            data = self._connection.recv(RECEIVE_BYTES)
        except TimeoutError:
            return
        except OSError as error:
            raise SourceError(self.doubt or "the connection broke") from error
        if data:
            self._messages.add(data)
        elif self.is_playing:
            raise DialogueOver
        else:
            raise SourceError(self.doubt or CLOSED)
