"""RTSP's messages, taken apart and put together (RFC 2326, sections 4 to 7 and 10.12)."""

import re
from dataclasses import dataclass, replace
from typing import Final, Self

from stream.errors import SourceError

MAX_HEAD_BYTES: Final = 65536  # of a message's lines; real ones have some hundreds
MAX_BODY_BYTES: Final = 1 << 20  # real descriptions have about a thousand
PACKET_MARK: Final = 0x24  # "$": a packet between messages, with channel and length
PACKET_HEAD: Final = 4  # bytes
NOT_RTSP: Final = "it does not speak RTSP; check the port, or use http if it is a web camera"
_BLANK_LINE: Final = re.compile(rb"\r?\n\r?\n")
_ANSWER: Final = re.compile(r"RTSP/\d\.\d +(\d{3})(?: |$)")


@dataclass(frozen=True, slots=True)
class RtspMessage:
    """A request or an answer.

    Attributes:
        first_line: without its end.
        headers: names and values in order.
        body: for most messages empty.
    """

    first_line: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @classmethod
    def parse(cls, head: bytes, body: bytes) -> Self:
        """Parse the lines before a body."""
        first, *lines = head.decode("latin-1").splitlines()
        pairs = (line.partition(":") for line in lines if ":" in line)
        return cls(first, tuple((name.strip(), text.strip()) for name, _, text in pairs), body)

    def __bytes__(self) -> bytes:
        lines = [self.first_line, *(f"{name}: {text}" for name, text in self.headers), "", ""]
        return "\r\n".join(lines).encode("latin-1", "replace") + self.body

    @property
    def is_answer(self) -> bool:
        """Whether it answers a request."""
        return self.first_line.startswith("RTSP/")

    @property
    def status(self) -> int:
        """An answer's status; 0 if it is not readable."""
        found = _ANSWER.match(self.first_line)
        return int(found[1]) if found else 0

    @property
    def method(self) -> str:
        """A request's method."""
        return self.first_line.partition(" ")[0]

    @property
    def uri(self) -> str:
        """The subject of a request."""
        return self.first_line.partition(" ")[2].rpartition(" ")[0]

    def header(self, name: str) -> str:
        """Return the first header of a name, in any case; empty if there is none."""
        return next(iter(self.all_headers(name)), "")

    def all_headers(self, name: str) -> list[str]:
        """Return all headers of a name, in any case."""
        return [text for known, text in self.headers if known.lower() == name.lower()]

    def having(self, name: str, text: str) -> "RtspMessage":
        """Return the message with one header of a name, whatever it had."""
        others = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        return replace(self, headers=(*others, (name, text)))


class MessageReader:
    """Cuts the bytes of one side into messages and packets."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._has_begun = False

    def add(self, data: bytes) -> None:
        """Add bytes that came."""
        self._buffer += data

    def next(self) -> RtspMessage | bytes | None:
        """Return the next message, or all whole packets before it; None until more bytes come.

        Raises:
            SourceError: what came first is no RTSP, or a message is too long.
        """
        buffer = self._buffer
        while buffer and not self._is_sane(buffer[0]):
            del buffer[0]
        if not buffer:
            return None
        if buffer[0] == PACKET_MARK:
            return self._take_packets()
        self._check_begin()
        end = _BLANK_LINE.search(buffer, 0, MAX_HEAD_BYTES)
        if end is None:
            if len(buffer) >= MAX_HEAD_BYTES:
                raise SourceError(NOT_RTSP)
            return None
        message = RtspMessage.parse(bytes(buffer[: end.start()]), b"")
        length = message.header("Content-Length")
        size = int(length) if length.isascii() and length.isdigit() and len(length) < 9 else 0
        if size > MAX_BODY_BYTES:
            raise SourceError("its description is longer than 1 MB; choose another stream")
        if len(buffer) < end.end() + size:
            return None
        body = bytes(buffer[end.end() : end.end() + size])
        del buffer[: end.end() + size]
        self._has_begun = True
        return replace(message, body=body)

    def _take_packets(self) -> bytes | None:
        buffer, end = self._buffer, 0
        while len(buffer) >= end + PACKET_HEAD and buffer[end] == PACKET_MARK:
            size = PACKET_HEAD + int.from_bytes(buffer[end + 2 : end + PACKET_HEAD], "big")
            if len(buffer) < end + size:
                break
            end += size
        packets = bytes(buffer[:end])
        del buffer[:end]
        return packets or None

    def _is_sane(self, first: int) -> bool:
        """Whether a message or packet may begin so; once one has, stray bytes are skipped."""
        if first in b"\r\n":
            return False
        return not self._has_begun or first == PACKET_MARK or chr(first).isupper()

    def _check_begin(self) -> None:
        """Refuse at once what is no RTSP: its first line does not say so."""
        line, end, _ = bytes(self._buffer[:MAX_HEAD_BYTES]).partition(b"\n")
        if self._has_begun or b"RTSP/" in line:
            return
        if end or len(line) >= MAX_HEAD_BYTES or not line.isascii():
            raise SourceError(NOT_RTSP)
