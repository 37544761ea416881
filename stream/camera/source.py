"""A network or local camera as a live source: one attempt; another class tries again."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from struct import Struct
from threading import Lock, Thread, current_thread
from time import monotonic, time
from typing import Final, Literal

from av.error import ExitError, FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from stream.camera.address import AddressRules, parse_address
from stream.camera.dialer import Dialer
from stream.camera.open import OpenCamera, open_camera
from stream.camera.rtsp import Transport
from stream.decode.frame_builder import PictureFlow, PictureLimits
from stream.errors import SourceError
from stream.mailbox import Inbox
from stream.sources import STOP_BOUND_S, StatusListener
from stream.status import SourceState, SourceStatus, StatusBoard, as_sentence

# Microseconds since 1970 on the sender's clock, as FFmpeg attaches it to packets.
_WALL_CLOCK: Final = Struct("=q")
MAX_PACE_S: Final = 2.0
END: Final = "it ended the stream"


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """How a camera is read.

    Attributes:
        transport: how RTSP pictures come; "auto" tries TCP, then UDP.
        rules: which addresses are allowed.
        limits: which pictures are taken, and when they count as frozen.
        stall_after: seconds without a picture until the source shows as stalled.
        give_up_after: seconds without a picture until the connection counts as lost.
        key_frame_wait: seconds that the first key frame may take while other data comes.
        threads: for decoding slices of one picture.
    """

    transport: Transport | Literal["auto"] = "auto"
    rules: AddressRules = field(default_factory=AddressRules)
    limits: PictureLimits = field(default_factory=PictureLimits)
    stall_after: float = 3.0
    give_up_after: float = 6.0
    key_frame_wait: float = 20.0
    threads: int = 1


class CameraSource:
    """Reads rtsp, rtsps, http and https (MJPEG, HLS) and local cameras in a thread of its own.

    Implements `stream.sources.LiveSource`. It does not connect again: a lost connection, an end of
    the stream included, is `failed`; see `stream.camera.reconnecting.ReconnectingSource`.
    """

    def __init__(
        self, url: str, settings: CameraSettings | None = None, *, source_id: str | None = None
    ) -> None:
        """Check the address; nothing is connected yet.

        Args:
            url: the camera's address, with user and password in it if it needs them; `device:0`
                is the first camera at this machine.
            settings: see there.
            source_id: the source's name; its address without password if None.

        Raises:
            stream.errors.SourceError: the address is none, or not allowed.
        """
        self._settings = settings or CameraSettings()
        self._address = parse_address(url, self._settings.rules)
        self._source_id = source_id or self._address.shown
        self._dialer = Dialer(self._settings.rules)
        self._board = StatusBoard()
        self._starting = Lock()
        self._thread: Thread | None = None
        self._sender_shift: float | None = None
        self._pace: float | None = None

    @property
    def source_id(self) -> str:
        """The name given, or the address without user, password and query."""
        return self._source_id

    @property
    def status(self) -> SourceStatus:
        """How the camera is."""
        return self._board.status

    def start(self, mailbox: Inbox, on_status: StatusListener) -> None:
        """Begin to connect; returns at once."""
        self._board.listen(on_status)
        thread = Thread(
            target=self._run, args=(mailbox,), name=f"camera {self._source_id}", daemon=True
        )
        with self._starting:
            if not self._dialer.is_stopped:
                thread.start()
                self._thread = thread

    def stop(self, timeout: float = STOP_BOUND_S) -> None:
        """End the connection; blocks for at most `timeout` seconds.

        A thread that FFmpeg holds while it opens a camera is left to end by itself, seconds
        later, and puts nothing into the mailbox any more.
        """
        self._dialer.stop()
        self._board.show(SourceState.ENDED, "Stopped.")
        with self._starting:
            thread = self._thread
        if thread is not None and thread is not current_thread():
            thread.join(timeout)

    def _run(self, inbox: Inbox) -> None:
        self._board.show(SourceState.CONNECTING, f"Connecting to {self._address.shown}.")
        try:
            settings = self._settings
            camera = open_camera(self._address, self._dialer, settings.transport, settings.threads)
            with closing(camera.container):
                self._read(camera, inbox)
        except SourceError as error:
            self._board.show(SourceState.FAILED, as_sentence(str(error)))

    def _read(self, camera: OpenCamera, inbox: Inbox) -> None:
        video = camera.video
        flow = PictureFlow(
            self._source_id,
            inbox,
            self._board,
            self._settings.limits,
            pixel_aspect=lambda: video.sample_aspect_ratio,
        )
        for packet in self._packets(camera):
            if self._dialer.is_stopped:
                return
            if packet is not None:
                self._note_sender_time(packet)
                self._decode(camera, packet, flow)
            self._check_silence(flow, is_quiet=packet is None)

    def _packets(self, camera: OpenCamera) -> "Iterator[Packet[VideoStream] | None]":
        """Packets as they come, and None whenever nothing came for a moment.

        Raises:
            SourceError: the connection is lost.
        """
        packets = camera.container.demux(camera.video)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                raise SourceError(END) from None
            except ExitError:  # the wait was bounded, nothing is lost
                packets = camera.container.demux(camera.video)
                yield None
                continue
            except (FFmpegError, OSError) as error:
                raise SourceError("the connection broke") from error
            if packet.size == 0:
                raise SourceError(END)
            yield packet

    def _decode(self, camera: OpenCamera, packet: "Packet[VideoStream]", flow: PictureFlow) -> None:
        try:
            pictures = camera.video.decode(packet)
        except FFmpegError:
            flow.damage()
            return
        for picture in pictures:
            media_time, shift = picture.time if camera.has_times else None, self._sender_shift
            if camera.comes_in_bursts and media_time is not None:
                self._wait_for_turn(media_time)
            if self._dialer.is_stopped:
                return
            sender_time = None if media_time is None or shift is None else media_time + shift
            flow.take(picture, time(), media_time, sender_time)

    def _note_sender_time(self, packet: "Packet[VideoStream]") -> None:
        if packet.has_sidedata("prft") and packet.pts is not None:
            (microseconds,) = _WALL_CLOCK.unpack_from(bytes(packet.get_sidedata("prft")))
            self._sender_shift = microseconds / 1e6 - float(packet.pts * packet.time_base)

    def _wait_for_turn(self, media_time: float) -> None:
        """Let pictures that come by the segment out at the pace they were taken."""
        now = monotonic()
        if self._pace is None or not -MAX_PACE_S < self._pace + media_time - now < MAX_PACE_S:
            self._pace = now - media_time
        self._dialer.wait(max(self._pace + media_time - now, 0.0))

    def _check_silence(self, flow: PictureFlow, *, is_quiet: bool) -> None:
        """Notice that no pictures come.

        Raises:
            SourceError: for so long that the connection counts as lost.
        """
        settings, silence = self._settings, monotonic() - flow.last_picture_at
        if not flow.has_begun and not is_quiet:
            if silence > settings.key_frame_wait:
                raise SourceError(f"no key frame came for {silence:.0f} s")
        elif silence > settings.give_up_after:
            raise SourceError(f"no picture came for {silence:.0f} s")
        elif silence > settings.stall_after and flow.has_begun:
            reason = f"No new picture for {settings.stall_after:.0f} s."
            self._board.show(SourceState.STALLED, reason)
