"""HLS (RFC 8216): which rendition is watched, and parts that are missing or encrypted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from stream.camera.container import ByteStream, Trouble
from stream.camera.web.client import NOT_WEB, HttpReader, HttpStream
from stream.errors import SourceError

MAX_PLAYLIST_BYTES: Final = 2 << 20  # a day of segments of two seconds each
MAX_RENDITIONS: Final = 32  # tried at most; playlists have three to eight
BEST_PIXELS: Final = 1920 * 1088  # more only makes decoding slower
BLOCK_BYTES: Final = 16  # of AES
ENCRYPTED: Final = "crypto+"  # how FFmpeg marks an encrypted segment's address
PROTECTED: Final = "its pictures are protected for certain players (DRM); choose another stream"
_MARK: Final = b"\xef\xbb\xbf"
_ELSEWHERE: Final = re.compile(r"(?i)(?!https?:)[a-z][a-z0-9+.-]*:")
_ATTRIBUTE: Final = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')


@dataclass(frozen=True, slots=True)
class Rendition:
    """One of several versions of the same stream.

    Attributes:
        url: of its playlist.
        pixels: width times height; 0 if it is not said.
        bandwidth: bits per second; 0 if it is not said.
    """

    url: str
    pixels: int
    bandwidth: int


def renditions_of(playlist: str, url: str) -> list[Rendition]:
    """Return the renditions of a playlist of playlists, the best one to watch first.

    The best is the largest of at most 1920x1080; larger ones come last. Empty for a playlist of
    segments.
    """
    found = list(_renditions(playlist, url))[:MAX_RENDITIONS]
    return sorted(
        found,
        key=lambda one: (one.pixels > BEST_PIXELS, -one.pixels, -one.bandwidth),
    )


def check_segments(playlist: str) -> None:
    """Check that a text is a playlist, and its segments can be decrypted.

    Raises:
        SourceError: it is none, or they are for certain players only, or not on the web.
    """
    if not playlist.startswith("#EXTM3U"):
        raise SourceError("its playlist leads to something that is no playlist; check the path")
    for line in map(str.strip, playlist.splitlines()):
        if _ELSEWHERE.match(line):
            raise SourceError(NOT_WEB)
        if line.startswith("#EXT-X-KEY:"):
            wanted = _attributes(line)
            is_known = wanted.get("METHOD", "NONE") in ("NONE", "AES-128", "SAMPLE-AES")
            if not is_known or wanted.get("KEYFORMAT", "identity") != "identity":
                raise SourceError(PROTECTED)


def text_of(stream: HttpStream) -> str:
    """Read a playlist to its end, and close it.

    Raises:
        SourceError: the connection broke, or it is too long.
    """
    data = b""
    try:
        while part := stream.read(MAX_PLAYLIST_BYTES):
            data += part
            if len(data) > MAX_PLAYLIST_BYTES:
                raise SourceError("its playlist is longer than 2 MB; have it list less")
    finally:
        stream.close()
    return data.removeprefix(_MARK).decode("utf-8", "replace").lstrip()


class HlsParts:
    """Opens what a playlist names, for FFmpeg; a part that is missing is an empty one.

    FFmpeg goes on with the next part then. An exception would end the whole stream.
    """

    def __init__(self, reader: HttpReader, trouble: Trouble, first: dict[str, str]) -> None:
        """Prepare.

        Args:
            reader: opens addresses.
            trouble: keeps what was wrong with the last part.
            first: playlists that were read already, by address; each is used once.
        """
        self._reader = reader
        self._trouble = trouble
        self._first = first
        self._parts: list[Guarded] = []

    def close(self) -> None:
        """Close what FFmpeg has left open."""
        for part in self._parts:
            part.close()

    def open(self, url: str, _flags: int, options: dict[str, str]) -> ByteStream:
        """Open a playlist, key or segment; PyAV calls it for each."""
        if url in self._first:
            return BytesAhead(self._first.pop(url).encode())
        stream: ByteStream = BytesAhead(b"")
        with self._trouble.kept():
            stream = self._opened(url, options)
            self._trouble.forget()
        return stream

    def _opened(self, url: str, options: dict[str, str]) -> ByteStream:
        end = options.get("end_offset")
        begin = int(options.get("offset", 0))
        body = self._reader.open(url.removeprefix(ENCRYPTED), begin, int(end) if end else None)
        part = Guarded(body, self._trouble)
        self._parts = [kept for kept in self._parts if not kept.is_closed] + [part]
        if not url.startswith(ENCRYPTED):
            return part
        key, start = bytes.fromhex(options["key"]), bytes.fromhex(options["iv"])
        return Guarded(_Decrypted(part, key, start), self._trouble)


class BytesAhead:
    """Bytes that are there already."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int) -> bytes:
        """Return `size` bytes at most; empty at the end."""
        part, self._data = self._data[:size], self._data[size:]
        return part

    def close(self) -> None:
        """Nothing is open."""


class Guarded:
    """A body whose faults become an end and are kept as the reason of it.

    Attributes:
        is_closed: whether `close` was called.
    """

    def __init__(self, body: ByteStream, trouble: Trouble) -> None:
        self._body = body
        self._trouble = trouble
        self.is_closed = False

    def read(self, size: int) -> bytes:
        """Return `size` bytes at most; empty at the end, which a fault is, too."""
        with self._trouble.kept():
            return self._body.read(size)
        return b""

    def close(self) -> None:
        """Close the connection; never fails."""
        self.is_closed = True
        with self._trouble.kept():
            self._body.close()


class _Decrypted:
    """A segment that is encrypted with AES-128 in CBC mode and padded by PKCS #7."""

    def __init__(self, body: ByteStream, key: bytes, start: bytes) -> None:
        self._body = body
        self._cipher: CipherContext = Cipher(AES(key), CBC(start)).decryptor()
        self._coded = b""
        self._plain = b""  # one block is held back: the last one has the padding

    def read(self, size: int) -> bytes:
        while len(self._plain) <= BLOCK_BYTES:
            part = self._body.read(max(size, BLOCK_BYTES))
            if not part:
                plain, self._plain = self._plain, b""
                return plain[: -plain[-1]] if plain and plain[-1] <= BLOCK_BYTES else plain
            self._coded += part
            whole = len(self._coded) - len(self._coded) % BLOCK_BYTES
            self._plain += self._cipher.update(self._coded[:whole])
            self._coded = self._coded[whole:]
        ready = min(len(self._plain) - BLOCK_BYTES, size)
        plain, self._plain = self._plain[:ready], self._plain[ready:]
        return plain

    def close(self) -> None:
        self._body.close()


def _renditions(playlist: str, url: str) -> Iterator[Rendition]:
    announced: dict[str, str] | None = None
    for line in map(str.strip, playlist.splitlines()):
        if line.startswith("#EXT-X-STREAM-INF:"):
            announced = _attributes(line)
        elif line and not line.startswith("#") and announced is not None:
            width, _, height = announced.get("RESOLUTION", "").lower().partition("x")
            size = (_number(width), _number(height))
            yield Rendition(
                urljoin(url, line), size[0] * size[1], _number(announced.get("BANDWIDTH", ""))
            )
            announced = None


def _attributes(line: str) -> dict[str, str]:
    return {name: text.strip('"') for name, text in _ATTRIBUTE.findall(line.partition(":")[2])}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
