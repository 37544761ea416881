"""Motion JPEG in every dialect: pictures are found by their own markers, not by what is between.

Cameras leave out the first boundary, the length, the type, write line feeds only, or boundaries
that are not the ones they announced. A JPEG says itself where it ends (ITU-T T.81, annex B).
"""

import re
from time import monotonic
from typing import Final

from stream.camera.container import ByteStream
from stream.errors import SourceError

READ_BYTES: Final = 65536
MAX_PICTURE_BYTES: Final = 32 << 20  # of one picture; 4K at the best quality has a quarter of it
MAX_OTHER_BYTES: Final = 4 << 20  # without a picture in them
MAX_WAIT_S: Final = 10.0  # for a picture, while something comes
BEGIN: Final = b"\xff\xd8\xff"
END: Final = b"\xff\xd9"
_SCAN: Final = 0xDA  # marker
_LONE: Final = (0x01, *range(0xD0, 0xD8))  # markers without a length
# In a scan's data: a marker that is neither a stuffed byte, nor a restart, nor padding.
_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
HEAD: Final = "--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n"


class MotionJpeg:
    """Makes one dialect of a body in any: parts with a boundary, type and length."""

    def __init__(self, body: ByteStream) -> None:
        self._body = body
        self._buffer = bytearray()
        self._ready = b""

    def read(self, size: int) -> bytes:
        """Return `size` bytes at most, as soon as a whole picture has come; empty at the end.

        Raises:
            SourceError: the connection broke, or no pictures come.
        """
        if not self._ready:
            picture = self._next_picture()
            if not picture:
                return b""
            self._ready = HEAD.format(len(picture)).encode() + picture + b"\r\n"
        part, self._ready = self._ready[:size], self._ready[size:]
        return part

    def close(self) -> None:
        """Close the connection."""
        self._body.close()

    def _next_picture(self) -> bytes:
        """Return the next whole picture; empty at the end."""
        deadline, other, scanner = monotonic() + MAX_WAIT_S, 0, _Scanner(self._buffer)
        while True:
            other += self._skip_to_picture(scanner)
            if end := scanner.find_end():
                picture = bytes(self._buffer[:end])
                del self._buffer[:end]
                return picture if picture.endswith(END) else picture + END
            if other > MAX_OTHER_BYTES or monotonic() > deadline:
                raise SourceError("it sends parts that are no JPEG pictures; set Motion JPEG")
            if len(self._buffer) > MAX_PICTURE_BYTES:
                raise SourceError("a picture of it is larger than 32 MB; choose a smaller stream")
            data = self._body.read(READ_BYTES)
            if not data:
                return b""
            self._buffer += data

    def _skip_to_picture(self, scanner: "_Scanner") -> int:
        """Drop what is before the next picture; return how many bytes that was."""
        if self._buffer.startswith(BEGIN):
            return 0
        begin = self._buffer.find(BEGIN)
        dropped = begin if begin >= 0 else max(len(self._buffer) - len(BEGIN) + 1, 0)
        del self._buffer[:dropped]
        scanner.begin()
        return dropped


class _Scanner:
    """Finds the end of the JPEG with which a growing buffer begins, and looks at no byte twice."""

    def __init__(self, buffer: bytearray) -> None:
        self._buffer = buffer
        self.begin()

    def begin(self) -> None:
        """Start with the buffer's first byte."""
        self._at = len(BEGIN) - 1
        self._is_in_scan = False

    def find_end(self) -> int:
        """Return where the picture ends; 0 while that has not come."""
        buffer = self._buffer
        if not buffer.startswith(BEGIN):
            return 0
        while True:
            if self._is_in_scan:
                marker = _MARKER.search(buffer, self._at)
                if marker is None:
                    self._at = max(len(buffer) - 1, self._at)
                    return 0
                self._at, self._is_in_scan = marker.start(), False
            if len(buffer) < self._at + 4 and buffer[self._at : self._at + 2] != END:
                return 0
            kind = buffer[self._at + 1]
            if buffer[self._at] != BEGIN[0]:  # no marker where one belongs: damage
                self._is_in_scan = True
            elif kind == END[1]:
                return self._at + 2
            elif kind == BEGIN[1]:  # the next picture begins, this one has no end
                return self._at
            elif kind in _LONE or kind == BEGIN[0]:
                self._at += 1 if kind == BEGIN[0] else 2
            else:
                length = int.from_bytes(buffer[self._at + 2 : self._at + 4], "big")
                self._is_in_scan = kind == _SCAN
                self._at += 2 + length
