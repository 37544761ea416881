"""Stands between FFmpeg and an RTSP camera, on the one connection that the camera sees.

FFmpeg knows one digest only, forgets which status it got, follows redirects and cannot be
interrupted while it opens. So it talks to a socket of this machine, without a password; its
requests are passed on signed, and refusals are remembered with status and method. Once the camera
plays, its packets are passed on as they come. RFC 2326, sections 10 and 10.12.
"""

import re
import secrets
import socket
from contextlib import suppress
from dataclasses import replace
from threading import Event, Thread
from time import monotonic
from typing import Final

from stream.camera.address import CameraAddress
from stream.camera.answers import explain_rtsp
from stream.camera.challenge import Login
from stream.camera.container import Trouble
from stream.camera.dialer import Dialer
from stream.camera.dialogue import (
    FAREWELL_S,
    RECEIVE_BYTES,
    WAIT_SLICE_S,
    DialogueOver,
    RtspDialogue,
)
from stream.camera.messages import MessageReader, RtspMessage
from stream.errors import SourceError

KNOCK_TIMEOUT_S: Final = 4.0  # for FFmpeg to come
SEND_TIMEOUT_S: Final = 10.0  # for FFmpeg to take what is passed on
OK: Final = 200  # status
TRANSPORT_REFUSED: Final = 461  # status
# Statuses by which cameras refuse packets over TCP.
NO_TCP: Final = (400, 406, 451, 456, 461, 462, 463, 464, 501, 551)
METHODS: Final = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"
_SOURCE: Final = re.compile(r"(?i);\s*(?:source|destination)=[^;,]*")


class RtspRelay:
    """Passes FFmpeg's requests on to a camera, and the camera's answers and packets back.

    Attributes:
        trouble: why the camera cannot be watched, once that is known.
        refusal: the camera's answer to a transport that it does not know; empty if it has none.
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
        self._dialogue = RtspDialogue(
            connection,
            Login(address.user, address.password, is_private=False),
            self._give,
            self._has_to_end,
        )
        self._gate = socket.create_server(("127.0.0.1", 0), backlog=1)
        self._url = f"rtsp://127.0.0.1:{self._gate.getsockname()[1]}/{secrets.token_urlsafe(12)}"
        self._player: socket.socket | None = None
        self._from_player = MessageReader()
        self._is_ending = Event()
        self._is_known = self._is_settled = False
        self._session = self._place = ""
        self.trouble = Trouble()
        self.refusal = ""
        self._thread = Thread(target=self._run, name=f"relay {address.shown}", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where FFmpeg finds the camera; the path is a secret, and the door opens once."""
        return self._url

    def settle(self) -> None:
        """Note that the stream is open: from now on its reader ends it, not the dialer's `stop`."""
        self._is_settled = True

    def close(self) -> None:
        """End both connections; waits for the camera's farewell for `FAREWELL_S` at most."""
        self._is_ending.set()
        self._thread.join(FAREWELL_S + 2 * WAIT_SLICE_S)

    def _run(self) -> None:
        try:
            with self.trouble.kept(), suppress(DialogueOver):
                self._player = self._welcome()
                self._pass_on(self._player)
        finally:
            if self._session:
                with Trouble().kept():
                    self._dialogue.part(self._place, self._session)
            self._gate.close()
            self._dialer.release(self._camera)
            if self._player is not None:
                self._player.close()

    def _welcome(self) -> socket.socket:
        """Wait for FFmpeg."""
        self._gate.settimeout(WAIT_SLICE_S)
        deadline = monotonic() + KNOCK_TIMEOUT_S
        while not self._has_to_end() and monotonic() < deadline:
            with suppress(TimeoutError):
                player, _ = self._gate.accept()
                player.settimeout(SEND_TIMEOUT_S)
                self._gate.close()
                return player
        raise DialogueOver

    def _has_to_end(self) -> bool:
        is_opening = not self._is_settled
        return self._is_ending.is_set() or (self._dialer.is_stopped and is_opening)

    def _pass_on(self, player: socket.socket) -> None:
        """Pass on what comes from either side until one of them leaves."""
        while not self._has_to_end():
            ready = self._dialogue.can_receive(player)
            if self._camera in ready:
                self._dialogue.receive()
            if player in ready:
                self._take(_received(player))

    def _take(self, data: bytes) -> None:
        """Pass FFmpeg's requests, answers and packets on."""
        self._from_player.add(data)
        while (message := self._from_player.next()) is not None:
            if isinstance(message, bytes) or message.is_answer:
                self._dialogue.send(bytes(message))
            else:
                self._serve(message)

    def _serve(self, request: RtspMessage) -> None:
        """Have the camera answer a request of FFmpeg's, and give FFmpeg the answer.

        Raises:
            SourceError: the camera refuses, so that it cannot be watched.
            DialogueOver: FFmpeg leaves, or it is another program, which does not know the path.
        """
        self._is_known = self._is_known or request.uri.startswith(self._url)
        if request.method == "TEARDOWN" or not self._is_known:
            raise DialogueOver
        request = self._translated(request)
        answer = self._dialogue.request(request)
        if answer is None:
            return
        if request.method == "SETUP":
            answer = self._checked_setup(request, answer)
        elif answer.status != OK:
            answer = self._checked(request, answer)
        if request.method == "PLAY":
            self._dialogue.is_playing = True
            self._dialer.hand_over(self._camera)
        self._give(bytes(answer.having("CSeq", request.header("CSeq"))))

    def _checked(self, request: RtspMessage, answer: RtspMessage) -> RtspMessage:
        """Return what FFmpeg gets for a refusal: yes, if things can go on without it.

        Raises:
            SourceError: they cannot.
        """
        reason = explain_rtsp(answer.status, request.method)
        if self._dialogue.is_playing:  # a sign of life that the camera does not know
            return RtspMessage("RTSP/1.0 200 OK")
        is_final = answer.status // 100 == 3 or answer.status in (401, 403)
        if request.method == "OPTIONS" and not is_final:
            self._dialogue.doubt = reason
            return RtspMessage("RTSP/1.0 200 OK", (("Public", METHODS),))
        raise SourceError(reason)

    def _checked_setup(self, request: RtspMessage, answer: RtspMessage) -> RtspMessage:
        """Return what FFmpeg gets for the choice of a transport.

        That TCP is refused it understands by one status only; over UDP it is told the camera's
        address, because it knows this relay's.

        Raises:
            SourceError: the camera refuses for another reason.
        """
        wants_tcp = "/TCP" in request.header("Transport").upper()
        given = answer.header("Transport")
        is_other = answer.status == OK and bool(given) and wants_tcp != ("/TCP" in given.upper())
        status = TRANSPORT_REFUSED if is_other else answer.status
        if status == TRANSPORT_REFUSED or (wants_tcp and status in NO_TCP):
            self.refusal = explain_rtsp(status, "SETUP")
            return RtspMessage(f"RTSP/1.0 {TRANSPORT_REFUSED} Unsupported Transport")
        if answer.status != OK:
            raise SourceError(explain_rtsp(answer.status, "SETUP"))
        self._session = answer.header("Session").partition(";")[0].strip()
        self._place = request.uri
        if wants_tcp:
            return answer
        host = self._camera.getpeername()[0]
        return answer.having("Transport", f"{_SOURCE.sub('', given)};source={host}")

    def _translated(self, request: RtspMessage) -> RtspMessage:
        """The request with the camera's address instead of this relay's."""
        uri = request.uri
        if uri.startswith(self._url):
            uri = self._address.url() + uri.removeprefix(self._url)
        return replace(request, first_line=f"{request.method} {uri} RTSP/1.0")

    def _give(self, data: bytes) -> None:
        """Hand bytes to FFmpeg."""
        try:
            if self._player is not None:
                self._player.sendall(data)
        except OSError:
            raise DialogueOver from None


def _received(player: socket.socket) -> bytes:
    try:
        data = player.recv(RECEIVE_BYTES)
    except OSError:
        data = b""
    if not data:
        raise DialogueOver
    return data
