"""Adapts aiortc's video receiver: no added delay, a bounded queue, and the sender's clock.

Reaches into aiortc's receiver (it holds for the pinned version, see
tests/stream/webrtc/test_receiver.py).
"""

from queue import Queue
from threading import Event
from typing import Any, Final, cast

from aiortc import RTCRtpCodecParameters, RTCRtpReceiver
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket
from typing_extensions import override

MAX_QUEUED_FRAMES: Final = 12  # 0.4 s at 30 frames per second: a decoder that is behind, not a peak
JITTER_PACKETS: Final = 512  # capacity of the jitter buffer, as aiortc's own for video
CLOCK_RATE: Final = 90_000  # RTP ticks per second of video (RFC 3551)
NTP_TO_UNIX_S: Final = 2_208_988_800  # seconds from 1900 to 1970
_WRAP: Final = 1 << 32  # RTP timestamps are 32 bits, and so are the fractions of NTP's seconds
H264_KEY_UNITS: Final = (5, 7)  # a whole picture, or the parameters that come before one


class BoundedDecoderQueue(Queue[Any]):
    """A queue between network and decoder; when full, it drops frames up to the next key frame.

    Attributes:
        dropped: frames dropped so far.
    """

    def __init__(self, wants_key_frame: Event) -> None:
        """Start empty; setting the event requests a key frame from the sender."""
        super().__init__()
        self._wants_key_frame = wants_key_frame
        self._is_waiting = False
        self.dropped = 0

    @override
    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Add a frame, or None for the end, which is never dropped."""
        if item is not None:
            if self.qsize() >= MAX_QUEUED_FRAMES:
                self._is_waiting = True
            if self._is_waiting and not self._can_resume(item):
                self.dropped += 1
                self._wants_key_frame.set()
                return
            self._is_waiting = False
        super().put(item, block, timeout)

    def _can_resume(self, item: tuple[RTCRtpCodecParameters, JitterFrame]) -> bool:
        codec, frame = item
        return self.qsize() < MAX_QUEUED_FRAMES and is_key_frame(codec.name, frame.data)


class PromptJitterBuffer(JitterBuffer):
    """Releases a frame with its last packet, which is marked, not with the next frame's first."""

    @override
    def _remove_frame(self, sequence_number: int) -> JitterFrame | None:
        self._remove_padding()
        frame = super()._remove_frame(sequence_number)
        return frame or self._marked_frame()

    def _remove_padding(self) -> None:
        """Skip packets without data, which probe the network between frames.

        As a frame of their own they would end the decoder.
        """
        packet = self._packets[cast(int, self._origin) % self._capacity]
        while packet is not None and not packet._data:  # type: ignore[attr-defined]
            self.remove(1)
            packet = self._packets[cast(int, self._origin) % self._capacity]

    def _marked_frame(self) -> JitterFrame | None:
        """The first frame if it is complete: without a gap up to its marked packet."""
        parts: list[bytes] = []
        begin = cast(int, self._origin)
        for count in range(self._capacity):
            packet = self._packets[(begin + count) % self._capacity]
            if packet is None:
                return None
            parts.append(packet._data)  # type: ignore[attr-defined]
            if packet.marker:
                self.remove(count + 1)
                return JitterFrame(b"".join(parts), packet.timestamp)
        return None


class SenderClock:
    """Maps a track's RTP timestamps to the sender's clock, by its RTCP sender reports."""

    def __init__(self) -> None:
        self._report: tuple[int, float] | None = None

    def note(self, packet: AnyRtcpPacket) -> None:
        """Read an RTCP packet; all but sender reports are ignored."""
        if isinstance(packet, RtcpSrPacket) and packet.sender_info.ntp_timestamp:
            info = packet.sender_info
            self._report = (info.rtp_timestamp, info.ntp_timestamp / _WRAP - NTP_TO_UNIX_S)

    def time(self, rtp_timestamp: int) -> float | None:
        """Return Unix seconds on the sender's clock; None before the first report."""
        if self._report is None:
            return None
        reported, seconds = self._report
        ahead = (rtp_timestamp - reported + _WRAP // 2) % _WRAP - _WRAP // 2
        return seconds + ahead / CLOCK_RATE


class ReceiverAdapter:
    """Changes a receiver in place: its queue, its jitter buffer, and who reads its reports."""

    def __init__(self, receiver: RTCRtpReceiver) -> None:
        """Adapt the receiver, before media flows."""
        self._receiver = cast(Any, receiver)
        self._clock = SenderClock()
        self.queue = BoundedDecoderQueue(self._receiver._RTCRtpReceiver__decoder_error)
        self._receiver._RTCRtpReceiver__decoder_queue = self.queue
        self._receiver._RTCRtpReceiver__jitter_buffer = PromptJitterBuffer(
            JITTER_PACKETS, is_video=True
        )
        handle = self._receiver._handle_rtcp_packet

        async def handle_rtcp_packet(packet: AnyRtcpPacket) -> None:
            self._clock.note(packet)
            await handle(packet)

        self._receiver._handle_rtcp_packet = handle_rtcp_packet

    def sender_time(self, timestamp: int) -> float | None:
        """Return Unix seconds on the sender's clock for a decoded picture's timestamp."""
        origin = self._receiver._RTCRtpReceiver__timestamp_mapper._origin
        return None if origin is None else self._clock.time((timestamp + origin) % _WRAP)


def is_key_frame(codec: str, data: bytes) -> bool:
    """Return whether an encoded VP8 or H.264 frame can be decoded without others."""
    if codec.upper() == "VP8":
        return bool(data) and not data[0] & 1
    return any(unit[0] & 0x1F in H264_KEY_UNITS for unit in data.split(b"\0\0\1")[1:] if unit)
