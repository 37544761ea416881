"""What aiortc's video receiver lacks: promptness, a bound on its queue, and the sender's clock.

Reaches into aiortc's receiver (and holds for the pinned version, see
tests/stream/webrtc/test_receiver.py).
"""

from queue import Queue
from threading import Event
from typing import Any, Final, cast

from aiortc import RTCRtpCodecParameters, RTCRtpReceiver
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket
from typing_extensions import override

MAX_WAITING: Final = 12
CLOCK_RATE: Final = 90_000
NTP_TO_UNIX_S: Final = 2_208_988_800
_WRAP: Final = 1 << 32
H264_KEY_UNITS: Final = (5, 7)  # a whole picture, or the parameters that come before one


class BoundedDecoderQueue(Queue[Any]):
    """Between network and decoder: too much waiting is thrown away, up to the next key frame.

    Attributes:
        dropped: frames thrown away so far.
    """

    def __init__(self, wants_key_frame: Event) -> None:
        """Start empty; the event asks the sender for a key frame."""
        super().__init__()
        self._wants_key_frame = wants_key_frame
        self._is_waiting = False
        self.dropped = 0

    @override
    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Add a frame, or None for the end, which always gets in."""
        if item is not None:
            if self.qsize() >= MAX_WAITING:
                self._is_waiting = True
            if self._is_waiting and not self._may_go_on(item):
                self.dropped += 1
                self._wants_key_frame.set()
                return
            self._is_waiting = False
        super().put(item, block, timeout)

    def _may_go_on(self, item: tuple[RTCRtpCodecParameters, JitterFrame]) -> bool:
        codec, frame = item
        return self.qsize() < MAX_WAITING and is_key_frame(codec.name, frame.data)


class PromptJitterBuffer(JitterBuffer):
    """Lets a frame out with its last packet, which is marked, not with the next frame's first."""

    @override
    def _remove_frame(self, sequence_number: int) -> JitterFrame | None:
        self._remove_padding()
        frame = super()._remove_frame(sequence_number)
        return frame or self._marked_frame()

    def _remove_padding(self) -> None:
        """Skip packets without data, which probe the network between frames.

        As a frame of their own they would tell the decoder that the stream is over.
        """
        packet = self._packets[cast(int, self._origin) % self._capacity]
        while packet is not None and not packet._data:  # type: ignore[attr-defined]
            self.remove(1)
            packet = self._packets[cast(int, self._origin) % self._capacity]

    def _marked_frame(self) -> JitterFrame | None:
        """The first frame if it is whole: without a gap up to its marked packet."""
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
    """Maps a track's timestamps to the sender's clock by its RTCP reports."""

    def __init__(self) -> None:
        """Know nothing until the first report."""
        self._report: tuple[int, float] | None = None

    def note(self, packet: AnyRtcpPacket) -> None:
        """Look at an RTCP packet."""
        if isinstance(packet, RtcpSrPacket) and packet.sender_info.ntp_timestamp:
            info = packet.sender_info
            self._report = (info.rtp_timestamp, info.ntp_timestamp / _WRAP - NTP_TO_UNIX_S)

    def time(self, rtp_timestamp: int) -> float | None:
        """Unix seconds on the sender's clock; None before the first report."""
        if self._report is None:
            return None
        reported, seconds = self._report
        ahead = (rtp_timestamp - reported + _WRAP // 2) % _WRAP - _WRAP // 2
        return seconds + ahead / CLOCK_RATE


class ReceiverAdapter:
    """Bounds a receiver's queue and listens to its reports; made before media flows."""

    def __init__(self, receiver: RTCRtpReceiver) -> None:
        """Change the receiver in place."""
        self._receiver = cast(Any, receiver)
        self._clock = SenderClock()
        self.queue = BoundedDecoderQueue(self._receiver._RTCRtpReceiver__decoder_error)
        self._receiver._RTCRtpReceiver__decoder_queue = self.queue
        self._receiver._RTCRtpReceiver__jitter_buffer = PromptJitterBuffer(512, is_video=True)
        handle = self._receiver._handle_rtcp_packet

        async def handle_rtcp_packet(packet: AnyRtcpPacket) -> None:
            self._clock.note(packet)
            await handle(packet)

        self._receiver._handle_rtcp_packet = handle_rtcp_packet

    def sender_time(self, timestamp: int) -> float | None:
        """Unix seconds on the sender's clock of a decoded picture's timestamp."""
        origin = self._receiver._RTCRtpReceiver__timestamp_mapper._origin
        return None if origin is None else self._clock.time((timestamp + origin) % _WRAP)


def is_key_frame(codec: str, data: bytes) -> bool:
    """Whether an encoded VP8 or H.264 frame can be decoded without others."""
    if codec.upper() == "VP8":
        return bool(data) and not data[0] & 1
    return any(unit[0] & 0x1F in H264_KEY_UNITS for unit in data.split(b"\0\0\1")[1:] if unit)
