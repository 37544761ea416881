"""The changes to aiortc's receiver; fails when another version has other insides."""

import asyncio
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from aiortc import RTCPeerConnection
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import RtcpSenderInfo, RtcpSrPacket, RtpPacket

from stream.webrtc.receiver import (
    MAX_QUEUED_FRAMES,
    NTP_TO_UNIX_S,
    BoundedDecoderQueue,
    PromptJitterBuffer,
    ReceiverAdapter,
    SenderClock,
    is_key_frame,
)

VP8 = SimpleNamespace(name="VP8")
KEY, DELTA = b"\x00key", b"\x01delta"


def frame(data: bytes, timestamp: int = 0) -> tuple[Any, JitterFrame]:
    return VP8, JitterFrame(data, timestamp)


def packet(
    number: int, timestamp: int, *, marker: bool = False, is_padding: bool = False
) -> RtpPacket:
    made = RtpPacket(sequence_number=number, timestamp=timestamp, marker=int(marker))
    made._data = b"" if is_padding else bytes([number % 256])  # type: ignore[attr-defined]
    return made


def test_too_much_waiting_is_thrown_away_up_to_the_next_key_frame() -> None:
    wants_key_frame = Event()
    queue = BoundedDecoderQueue(wants_key_frame)
    for number in range(MAX_QUEUED_FRAMES + 5):
        queue.put(frame(DELTA, number))
    assert (queue.qsize(), queue.dropped) == (MAX_QUEUED_FRAMES, 5)
    assert wants_key_frame.is_set()
    for _ in range(MAX_QUEUED_FRAMES):
        queue.get()
    queue.put(frame(DELTA))
    assert queue.qsize() == 0
    queue.put(frame(KEY))
    queue.put(frame(DELTA))
    assert (queue.qsize(), queue.dropped) == (2, 6)


def test_the_end_always_gets_in() -> None:
    queue = BoundedDecoderQueue(Event())
    for _ in range(MAX_QUEUED_FRAMES + 1):
        queue.put(frame(DELTA))
    queue.put(None)
    assert queue.qsize() == MAX_QUEUED_FRAMES + 1


@pytest.mark.parametrize(
    ("codec", "data", "is_key"),
    [
        ("VP8", KEY, True),
        ("VP8", DELTA, False),
        ("VP8", b"", False),
        ("H264", b"\0\0\0\1\x67abc\0\0\0\1\x65pic", True),
        ("H264", b"\0\0\1\x41pic", False),
        ("H264", b"", False),
    ],
)
def test_key_frames_are_known(codec: str, data: bytes, is_key: bool) -> None:
    assert is_key_frame(codec, data) is is_key


def test_a_frame_leaves_with_its_marked_packet() -> None:
    buffer = PromptJitterBuffer(64, is_video=True)
    assert buffer.add(packet(10, 100))[1] is None
    made = buffer.add(packet(11, 100, marker=True))[1]
    assert made is not None
    assert (made.data, made.timestamp) == (b"\x0a\x0b", 100)
    made = buffer.add(packet(12, 200, marker=True))[1]
    assert made is not None
    assert made.timestamp == 200


def test_a_frame_with_a_gap_waits_for_the_missing_packet() -> None:
    buffer = PromptJitterBuffer(64, is_video=True)
    buffer.add(packet(10, 100))
    assert buffer.add(packet(12, 100, marker=True))[1] is None
    made = buffer.add(packet(11, 100))[1]
    assert made is not None
    assert made.data == b"\x0a\x0b\x0c"


def test_padding_between_frames_is_no_frame() -> None:
    buffer = PromptJitterBuffer(64, is_video=True)
    buffer.add(packet(10, 100, marker=True))
    for number in (11, 12):
        assert buffer.add(packet(number, 100, is_padding=True))[1] is None
    made = buffer.add(packet(13, 200, marker=True))[1]
    assert made is not None
    assert made.data == b"\x0d"


def test_a_sender_that_marks_nothing_is_served_as_before() -> None:
    buffer = PromptJitterBuffer(64, is_video=True)
    buffer.add(packet(10, 100))
    made = buffer.add(packet(11, 200))[1]
    assert made is not None
    assert made.timestamp == 100


def report(rtp_timestamp: int, unix_seconds: float) -> RtcpSrPacket:
    ntp = int((unix_seconds + NTP_TO_UNIX_S) * (1 << 32))
    return RtcpSrPacket(1, RtcpSenderInfo(ntp, rtp_timestamp, 0, 0))


def test_timestamps_become_the_sender_s_time() -> None:
    clock = SenderClock()
    assert clock.time(5) is None
    clock.note(report((1 << 32) - 90_000, 1_700_000_000.0))
    assert clock.time((1 << 32) - 90_000) == pytest.approx(1_700_000_000.0, abs=1e-4)
    assert clock.time(90_000) == pytest.approx(1_700_000_002.0, abs=1e-4)
    assert clock.time((1 << 32) - 180_000) == pytest.approx(1_699_999_999.0, abs=1e-4)


def test_the_pinned_aiortc_has_the_insides_that_are_adapted() -> None:
    async def adapt() -> None:
        peer = RTCPeerConnection()
        receiver: Any = peer.addTransceiver("video").receiver
        before = receiver._RTCRtpReceiver__decoder_queue, receiver._RTCRtpReceiver__jitter_buffer
        adapter = ReceiverAdapter(receiver)
        assert receiver._RTCRtpReceiver__decoder_queue is adapter.queue is not before[0]
        assert receiver._RTCRtpReceiver__jitter_buffer is not before[1]
        assert adapter.sender_time(0) is None
        receiver._RTCRtpReceiver__timestamp_mapper.map(90_000)
        await receiver._handle_rtcp_packet(report(90_000, 1000.0))
        assert adapter.sender_time(45_000) == pytest.approx(1000.5, abs=1e-4)
        assert receiver._enabled is True
        await peer.close()

    asyncio.run(adapt())
