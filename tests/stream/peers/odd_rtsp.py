"""An RTSP camera that plays the odd side: refusals, challenges, one transport, one viewer."""

import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from struct import pack

from tests.stream.peers.cameras import access_units, moving_bar
from tests.stream.peers.odd_web import is_right_digest

DESCRIPTION = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nc=IN IP4 0.0.0.0\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
    "a=control:track1\r\n"
)
RATE = 25
MAX_PAYLOAD = 1200
_UNIT = re.compile(rb"\x00\x00\x00?\x01")


def packets_of(unit: bytes) -> Iterator[tuple[bytes, bool]]:
    """RTP payloads of an access unit of H.264, and whether each is its last (RFC 6184)."""
    parts = [part for part in _UNIT.split(unit) if part]
    for part in parts:
        is_last = part is parts[-1]
        if len(part) <= MAX_PAYLOAD:
            yield part, is_last
            continue
        rest, begin = part[1:], 0x80
        while rest:
            piece, rest = rest[:MAX_PAYLOAD], rest[MAX_PAYLOAD:]
            head = bytes((part[0] & 0xE0 | 28, begin | (0 if rest else 0x40) | part[0] & 0x1F))
            yield head + piece, is_last and not rest
            begin = 0


@dataclass
class OddRtsp:
    """A camera at a port of loopback.

    Attributes:
        statuses: answered to a method instead of serving it.
        headers: of such answers, by status.
        challenges: of the 401, while the password is not right.
        transports: that it sends over.
        leaves_after: it closes the connection after an answer with one of these statuses.
        is_for_one: it turns further connections away.
        is_silent: it plays without sending a picture.
        hold: seconds that its place stays taken after a viewer has left.
        has_numbers: whether answers repeat the request's number.
        delay: seconds before every answer.
        heard: method and `Authorization` of every request.
        connections: how many were made, also those turned away.
        farewells: how many viewers have taken leave.
    """

    statuses: Mapping[str, int] = field(default_factory=dict)
    headers: Mapping[int, str] = field(default_factory=dict)
    challenges: tuple[str, ...] = ()
    transports: tuple[str, ...] = ("tcp", "udp")
    transport_status: int = 461
    leaves_after: tuple[int, ...] = ()
    is_for_one: bool = False
    is_silent: bool = False
    hold: float = 0.0
    has_numbers: bool = True
    delay: float = 0.0
    port: int = 0
    heard: list[tuple[str, str]] = field(default_factory=list)
    connections: int = 0
    farewells: int = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"rtsp://operator:s3cret@127.0.0.1:{self.port}/cam"

    @contextmanager
    def running(self) -> Iterator["OddRtsp"]:
        """Serve until the end."""
        self._place = threading.Semaphore(1)
        self._ending = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
            thread = threading.Thread(target=self._accept, args=(server,))
            thread.start()
            try:
                yield self
            finally:
                self._ending.set()
                server.shutdown(socket.SHUT_RDWR)
                thread.join(5)

    def _accept(self, server: socket.socket) -> None:
        viewers: list[threading.Thread] = []
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                self.connections += 1
                if self.is_for_one and not self._place.acquire(blocking=False):
                    connection.close()
                    continue
                viewers.append(threading.Thread(target=self._view, args=(connection,)))
                viewers[-1].start()
        for viewer in viewers:
            viewer.join(5)

    def _view(self, connection: socket.socket) -> None:
        connection.settimeout(0.1)
        with connection, suppress(OSError):
            OddViewer(self, connection).run(self._ending)
        self._ending.wait(self.hold)
        if self.is_for_one:
            self._place.release()


class OddViewer:
    """One viewer's connection."""

    def __init__(self, camera: OddRtsp, connection: socket.socket) -> None:
        self._camera = camera
        self._connection = connection
        self._target: tuple[socket.socket, tuple[str, int]] | None = None
        self._sender: threading.Thread | None = None
        self._left = threading.Event()
        self._lock = threading.Lock()

    def run(self, ending: threading.Event) -> None:
        """Answer requests until the viewer leaves."""
        buffer = b""
        try:
            while not ending.is_set():
                while b"\r\n\r\n" in buffer:
                    head, _, buffer = buffer.partition(b"\r\n\r\n")
                    if not self._answer(head[max(head.rfind(b"$"), 0) and 0 :].decode("latin-1")):
                        return
                with suppress(TimeoutError):
                    data = self._connection.recv(4096)
                    if not data:
                        return
                    buffer += data if data[:1] != b"$" else b""
        finally:
            self._left.set()
            if self._sender is not None:
                self._sender.join(5)
            if self._target is not None:
                self._target[0].close()

    def _answer(self, request: str) -> bool:
        """Answer one request; return whether the connection stays."""
        camera = self._camera
        method, _, rest = request.partition(" ")
        given = _header(request, "Authorization")
        camera.heard.append((method, given))
        time.sleep(camera.delay)
        status, headers, body = 200, "", ""
        if camera.challenges and method != "OPTIONS" and not is_right_digest(given, method):
            status = 401
            headers = "".join(f"WWW-Authenticate: {text}\r\n" for text in camera.challenges)
        elif method in camera.statuses:
            status = camera.statuses[method]
            headers = camera.headers.get(status, "")
        elif method == "DESCRIBE":
            body = DESCRIPTION
        elif method == "SETUP":
            status, headers = self._set_up(_header(request, "Transport"))
        elif method == "PLAY":
            headers = "Session: 7\r\n"
        elif method == "TEARDOWN":
            camera.farewells += 1
        number = f"CSeq: {_header(request, 'CSeq')}\r\n" if camera.has_numbers else ""
        if body:
            headers += f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        with self._lock:
            text = f"RTSP/1.0 {status} Text\r\n{number}{headers}\r\n{body}"
            self._connection.sendall(text.encode())
        if method == "PLAY" and status == 200 and not camera.is_silent:
            self._sender = threading.Thread(target=self._send)
            self._sender.start()
        return method != "TEARDOWN" and status not in camera.leaves_after and bool(rest)

    def _set_up(self, wanted: str) -> tuple[int, str]:
        kind = "tcp" if "/TCP" in wanted else "udp"
        if kind not in self._camera.transports:
            return self._camera.transport_status, ""
        if port := re.search(r"client_port=(\d+)", wanted):
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sender.bind(("127.0.0.1", 0))
            self._target = sender, ("127.0.0.1", int(port[1]))
            here = sender.getsockname()[1]
            wanted += f";server_port={here}-{here + 1}"
        return 200, f"Session: 7;timeout=60\r\nTransport: {wanted}\r\n"

    def _send(self) -> None:
        """Send pictures until the viewer leaves."""
        sequence = 0
        with suppress(OSError):
            for number, (unit, _) in enumerate(access_units("h264", (320, 240), RATE, moving_bar)):
                for payload, is_last in packets_of(unit):
                    sequence += 1
                    kind = 96 | (0x80 if is_last else 0)
                    stamp = number * 90000 // RATE
                    packet = pack("!BBHII", 0x80, kind, sequence & 0xFFFF, stamp, 7) + payload
                    self._put(packet)
                if self._left.wait(1 / RATE):
                    return

    def _put(self, packet: bytes) -> None:
        if self._target is not None:
            self._target[0].sendto(packet, self._target[1])
            return
        with self._lock:
            self._connection.sendall(b"$\0" + pack("!H", len(packet)) + packet)


def _header(request: str, name: str) -> str:
    found = re.search(rf"(?im)^{name}:\s*(.*?)\s*$", request)
    return found[1] if found else ""


def wait_for_farewells(camera: OddRtsp, count: int) -> None:
    """Wait until some viewers have taken leave."""
    deadline = time.monotonic() + 5
    while camera.farewells < count:
        assert time.monotonic() < deadline, "nobody has taken leave"
        time.sleep(0.02)
