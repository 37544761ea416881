"""Decodes a video file in one pass: packets in, pictures out, damage counted."""

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, Self

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from stream.decode.pixel_shape import is_broadcast
from stream.errors import SourceError
from stream.video.clock import MAX_STEP_BROADCAST_S, MAX_STEP_S, PresentationClock

DEFAULT_RATE: Final = Fraction(25)  # frames per second, where a file declares none
MAX_RATE: Final = 1000  # frames per second; more is a broken header
AV_TIME_BASE: Final = 1_000_000  # FFmpeg's unit of a container's duration, per second
# A file is truncated if it ends this long before its declared duration; containers round it.
MISSING_FRAMES: Final = 3
MISSING_SHARE: Final = Fraction(1, 50)  # of the declared duration
FLUSH_ATTEMPTS: Final = 32  # decoding errors at the end of a file before flushing is given up
# Bits per second; broadcasts declare no duration, and where first and last timestamp imply less
# than this, the clock jumps in between.
MIN_BROADCAST_RATE: Final = 10_000
MAX_PENDING_KEYS: Final = 64  # key frames between packet and picture; a decoder holds far fewer


@dataclass(frozen=True, slots=True)
class SeekPoint:
    """A key frame from which reading can resume with the right numbers and times.

    Attributes:
        index: number of the key frame in the file, from 0.
        pts: its presentation timestamp, in the stream's units.
        dts: its decoding timestamp.
        origin: presentation timestamp of frame 0.
    """

    index: int
    pts: int
    dts: int
    origin: int


class VideoDecoder:
    """Decodes a file's video track once; a context manager.

    Attributes:
        stream: the video track.
        rate: frames per second, never zero.
        damaged_packets: packets that could not be decoded so far.
    """

    def __init__(self, path: Path, threads: int) -> None:
        """Open the file.

        Raises:
            SourceError: no such file, not a video, or no video track.
        """
        self._path = path
        self._container = open_video(path)
        try:
            self.stream = video_track(self._container, path)
        except SourceError:
            self._container.close()
            raise
        # Frame threads would be faster, but lose good frames near a broken packet: PyAV drops the
        # frames that it received in the same call as the error.
        self.stream.thread_type = "SLICE"
        self.stream.thread_count = threads
        self.rate = _rate(self.stream)
        self.damaged_packets = 0
        self._is_cut = False
        self._end: int | None = None
        self._key_dts: dict[int, int] = {}
        self._decoded = self._decode_all()
        self._landed: VideoFrame | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._decoded.close()
        self._container.close()

    @property
    def duration(self) -> float | None:
        """Seconds as the file declares them; None when it does not."""
        declared = self._declared_duration()
        if declared is not None:
            return float(declared)
        total = (self._container.duration or 0) / AV_TIME_BASE
        is_jump = self._is_broadcast and self._container.size * 8 < MIN_BROADCAST_RATE * total
        return None if is_jump or total <= 0 else total

    @property
    def frame_count_estimate(self) -> int | None:
        """About how many frames there are; None when the file declares nothing.

        A fragmented file counts its first fragment only, so duration times rate may know better.
        """
        by_time = round((self.duration or 0) * self.rate)
        return max(self.stream.frames, by_time) or None

    @property
    def is_truncated(self) -> bool:
        """Whether the packets end before the declared duration, or with a broken one."""
        declared = self._declared_duration()
        if self._is_cut or declared is None or self._end is None:
            return self._is_cut
        start = self.stream.start_time or 0
        missing = declared - (self._end - start) * self._time_base
        return missing > max(MISSING_FRAMES / self.rate, MISSING_SHARE * declared)

    def clock(self, point: SeekPoint | None) -> PresentationClock:
        """Return a clock for the pictures from a seek point (None: the start) on."""
        origin = None if point is None else point.origin
        max_step = MAX_STEP_BROADCAST_S if self._is_broadcast else MAX_STEP_S
        return PresentationClock(self._time_base, 1 / self.rate, origin, max_step=max_step)

    def seek(self, point: SeekPoint) -> bool:
        """Go to a seek point before anything was read; False if it is not found in the file."""
        with suppress(FFmpegError):
            self._container.seek(point.dts, stream=self.stream)
            for picture in self._decoded:
                if picture.pts == point.pts:
                    self._landed = picture
                    self.damaged_packets = 0
                    return True
                if picture.pts is None or picture.pts > point.pts:
                    break
        return False

    def pictures(self) -> Iterator[VideoFrame]:
        """Yield all decodable pictures in presentation order; blocks while it decodes."""
        if self._landed is not None:
            yield self._landed
        yield from self._decoded

    def key_dts(self, picture: VideoFrame) -> int | None:
        """Return the decoding timestamp of a key frame just yielded; None for other pictures."""
        if not picture.key_frame or picture.pts is None:
            return None
        return self._key_dts.pop(picture.pts, None)

    @property
    def _is_broadcast(self) -> bool:
        """Whether the clock may jump."""
        return is_broadcast(self._container)

    @property
    def _time_base(self) -> Fraction:
        return self.stream.time_base or 1 / self.rate

    def _declared_duration(self) -> Fraction | None:
        if self.stream.duration is not None and not self._is_broadcast:
            return self.stream.duration * self._time_base
        return _seconds_of_tag(self.stream.metadata.get("DURATION", ""))

    def _decode_all(self) -> Generator[VideoFrame, None, None]:
        for packet in self._packets():
            self._note_times(packet)
            yield from self._decode(packet)
        yield from self._flush()

    def _packets(self) -> Iterator["Packet[VideoStream]"]:
        """The track's packets; a broken container ends them."""
        packets = self._container.demux(self.stream)
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError:
                self._is_cut = True
                return
            if packet is None:
                return
            if packet.size > 0:  # an empty one would end the decoder
                yield packet

    def _note_times(self, packet: "Packet[VideoStream]") -> None:
        self._is_cut = packet.is_corrupt
        if packet.pts is None or packet.is_discard:
            return
        self._end = max(self._end or 0, packet.pts + (packet.duration or 0))
        if packet.is_keyframe and packet.dts is not None:
            if len(self._key_dts) >= MAX_PENDING_KEYS:
                self._key_dts.clear()
            self._key_dts[packet.pts] = packet.dts

    def _decode(self, packet: "Packet[VideoStream]") -> list[VideoFrame]:
        try:
            return self.stream.decode(packet)
        except FFmpegError:
            self.damaged_packets += 1
            return []

    def _flush(self) -> Iterator[VideoFrame]:
        """The pictures that the decoder still holds."""
        for _ in range(FLUSH_ATTEMPTS):
            try:
                yield from self.stream.decode(None)
            except EOFError:
                return
            except FFmpegError:
                self.damaged_packets += 1
            else:
                return


def open_video(path: Path) -> InputContainer:
    """Open a local file, and no other file or address that it may refer to.

    Raises:
        SourceError: it is missing, empty, a folder, not readable, or no container FFmpeg knows.
    """
    try:
        if not path.is_file():
            raise SourceError(_explain_missing(path))
        if path.stat().st_size == 0:
            raise SourceError(f"{path} is empty (0 bytes); copy or record the video again")
        return av.open(
            f"file:{path}",
            mode="r",
            options={"protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except FFmpegError as error:
        raise SourceError(
            f"{path} cannot be opened as a video ({error.strerror}); it is cut off, damaged or of "
            "another kind: copy it again or convert it to MP4"
        ) from error
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read ({error.strerror}); check the path and its permissions"
        ) from error


def video_track(container: InputContainer, path: Path) -> VideoStream:
    """Return the container's main video track; a cover picture does not count.

    Raises:
        SourceError: there is no video track, or FFmpeg has no decoder for it.
    """
    tracks = [
        track
        for track in container.streams.video
        if not track.disposition & Disposition.attached_pic
    ]
    if not tracks:
        kinds = ", ".join(sorted({track.type for track in container.streams}))
        raise SourceError(
            f"{path} has no video track (tracks: {kinds or 'none'}); choose a file with pictures"
        )
    best = container.streams.best("video")
    return best if isinstance(best, VideoStream) and best in tracks else tracks[0]


def undecodable_error(path: Path) -> SourceError:
    """Make the error for a file without a single picture."""
    return SourceError(
        f"no picture in {path} can be decoded; the file is damaged or cut off: copy it again or "
        "convert it to MP4"
    )


def _explain_missing(path: Path) -> str:
    if path.is_dir():
        return f"{path} is a folder; name one video file inside it"
    if path.exists():
        return f"{path} is not a regular file; name a video file"
    return f"there is no file {path}; check the path"


def _rate(stream: VideoStream) -> Fraction:
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate is not None and 0 < rate <= MAX_RATE:
            return rate
    return DEFAULT_RATE


def _seconds_of_tag(text: str) -> Fraction | None:
    """Parse Matroska's `00:01:02.500000000`."""
    with suppress(ValueError):
        hours, minutes, seconds = text.split(":")
        return Fraction(hours) * 3600 + Fraction(minutes) * 60 + Fraction(seconds)
    return None
