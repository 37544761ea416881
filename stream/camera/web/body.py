"""Which kind of stream the first bytes of a body begin; cameras' content types are often wrong."""

import re
from typing import Final

PEEK_BYTES: Final = 4096  # enough for a transport stream that is joined in the middle of a packet
PACKET_SIZES: Final = (188, 192, 204)  # bytes of a transport stream's packet: plain, timed, coded
SYNCS: Final = 4  # packets in a row that make a transport stream
BOXES: Final = (b"ftyp", b"styp", b"moov", b"moof", b"sidx")
MULTIPART: Final = ("multipart/x-mixed-replace", "multipart/mixed", "multipart/related")
# Content types whose bodies are believed without a look: nothing of them need have come yet.
MOTION_JPEG: Final = "motion jpeg"
PLAYLIST: Final = "hls"
ONE_JPEG: Final = "jpeg"
# FFmpeg's names of formats that a content type may name although the first bytes do not show them.
NAMED: Final = {"video/mp2t": "mpegts", "video/x-flv": "flv", "video/mp4": "mp4"}
_PLAYLIST: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*#EXTM3U")
_PART: Final = re.compile(rb"(?i)\s*(?:--[^\r\n]*\r?\n|content-(?:type|length):|x-timestamp:)")
_NAL: Final = re.compile(rb"\x00\x00(?:\x00)?\x01(.)", re.DOTALL)
# Network abstraction layer units that begin a stream: parameter sets and delimiters.
_H264_TYPES: Final = (7, 9)  # by ITU-T H.264, table 7-1
_H265_TYPES: Final = (32, 33, 35)  # by ITU-T H.265, table 7-1


def kind_of(first: bytes) -> str | None:
    """Return FFmpeg's name of the format that some bytes begin; None if they do not show it."""
    if first.startswith(b"\xff\xd8\xff"):
        return ONE_JPEG
    if _PLAYLIST.match(first):
        return PLAYLIST
    if first.startswith(b"FLV"):
        return "flv"
    if first[4:8] in BOXES:
        return "mp4"
    if first.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if first.startswith(b"\x00\x00\x01\xba"):
        return "mpeg"
    if nal := _NAL.match(first):
        return _kind_of_unit(nal[1][0])
    if _is_transport_stream(first):
        return "mpegts"
    return MOTION_JPEG if _PART.match(first) else None


def _kind_of_unit(header: int) -> str | None:
    if header & 0x1F in _H264_TYPES:
        return "h264"
    return "hevc" if header >> 1 & 0x3F in _H265_TYPES else None


def _is_transport_stream(first: bytes) -> bool:
    for size in PACKET_SIZES:
        for begin in range(min(size, len(first))):
            syncs = first[begin : begin + size * SYNCS : size]
            if syncs == b"\x47" * SYNCS:
                return True
    return False
