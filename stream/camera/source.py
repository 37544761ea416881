"""A network or local camera as a live source: one connection; see `reconnecting` for more."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from struct import Struct
from threading import Lock, Thread, current_thread
from time import monotonic, time
from typing import Final

from av.error import ExitError, FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from stream.camera.address import parse_address
from stream.camera.container import OpenCamera, Trouble
from stream.camera.dialer import Dialer
from stream.camera.open import open_camera
from stream.camera.settings import CameraSettings
from stream.decode.frame_builder import FrameBuilder
from stream.decode.pixel_shape import pixel_shape
from stream.errors import SourceError, stranger
from stream.mailbox import Inbox
from stream.sources import STOP_BOUND_S, StatusListener
from stream.status import SourceState, SourceStatus, StatusReporter, to_sentence

# Microseconds since 1970 on the sender's clock, as FFmpeg attaches them to packets.
_WALL_CLOCK: Final = Struct("=q")
MAX_PACE_S: Final = 2.0  # a picture that is further from its due time starts pacing anew
END: Final = "it ended the stream"


class CameraSource:
    """Reads a camera of any kind of `stream.camera.open` in a thread of its own.

    Implements `stream.sources.LiveSource`. It does not reconnect: after a lost connection, an end
    of the stream included, it is FAILED; see `stream.camera.reconnecting.ReconnectingSource`.
    """

    def __init__(
        self, url: str, settings: CameraSettings | None = None, *, source_id: str | None = None
    ) -> None:
        """Check the address; nothing is connected yet.

        Args:
            url: the camera's address, with user and password if it needs them; `device:0` is the
                first camera at this machine.
            settings: how it is read.
            source_id: the source's name; its address without password if None.

        Raises:
            stream.errors.SourceError: the text is no address, or not an allowed one.
        """
        self._settings = settings or CameraSettings()
        self._address = parse_address(url, self._settings.rules)
        self._source_id = source_id or self._address.shown
        self._dialer = Dialer(self._settings.rules)
        self._reporter = StatusReporter()
        self._starting = Lock()
        self._thread: Thread | None = None
        self._sender_shift: float | None = None
        self._pace: float | None = None

    @property
    def source_id(self) -> str:
        """The given name, or the address without user, password and query."""
        return self._source_id

    @property
    def status(self) -> SourceStatus:
        """The newest status."""
        return self._reporter.status

    def start(self, mailbox: Inbox, on_status: StatusListener) -> None:
        """Begin to connect; returns at once."""
        self._reporter.listen(on_status)
        thread = Thread(
            target=self._run, args=(mailbox,), name=f"camera {self._source_id}", daemon=True
        )
        with self._starting:
            if not self._dialer.is_stopped:
                thread.start()
                self._thread = thread

    def stop(self, timeout: float = STOP_BOUND_S) -> None:
        """End the connection; blocks for at most `timeout` seconds.

        A thread that is held by FFmpeg while it opens a camera ends by itself, seconds later, and
        puts nothing into the mailbox any more.
        """
        self._dialer.stop()
        self._reporter.report(SourceState.ENDED, "Stopped.")
        with self._starting:
            thread = self._thread
        if thread is not None and thread is not current_thread():
            thread.join(timeout)

    def _run(self, inbox: Inbox) -> None:
        self._reporter.report(SourceState.CONNECTING, f"Connecting to {self._address.shown}.")
        try:
            camera = open_camera(self._address, self._dialer, self._settings)
            with closing(camera):
                self._read(camera, inbox)
        except SourceError as error:
            self._reporter.report(SourceState.FAILED, to_sentence(str(error)))
        except Exception as error:  # noqa: BLE001  (its text may hold the password)
            self._reporter.report(SourceState.FAILED, to_sentence(stranger(error)))

    def _read(self, camera: OpenCamera, inbox: Inbox) -> None:
        builder = FrameBuilder(
            self._source_id,
            inbox,
            self._reporter,
            self._settings.limits,
            pixel_shape=partial(pixel_shape, camera.video),
        )
        for packet in self._packets(camera):
            if self._dialer.is_stopped:
                return
            if packet is not None:
                self._note_sender_time(packet)
                self._decode(camera, packet, builder)
            self._check_silence(builder, camera.trouble, is_quiet=packet is None)

    def _packets(self, camera: OpenCamera) -> "Iterator[Packet[VideoStream] | None]":
        """Yield packets as they come, and None whenever none came for `READ_SLICE_S`.

        Raises:
            SourceError: the connection is lost.
        """
        packets = camera.container.demux(camera.video)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                raise SourceError(camera.trouble.reason or END) from None
            except ExitError:  # the wait was bounded, nothing is lost
                packets = camera.container.demux(camera.video)
                yield None
                continue
            except (FFmpegError, OSError) as error:
                reason = camera.trouble.reason or "the connection broke"
                raise SourceError(reason) from error
            if packet.size == 0:
                raise SourceError(camera.trouble.reason or END)
            yield packet

    def _decode(
        self, camera: OpenCamera, packet: "Packet[VideoStream]", builder: FrameBuilder
    ) -> None:
        try:
            pictures = camera.video.decode(packet)
        except FFmpegError:
            builder.note_damage()
            return
        for picture in pictures:
            media_time, shift = picture.time if camera.has_times else None, self._sender_shift
            if camera.comes_in_bursts and media_time is not None:
                self._wait_for_turn(media_time)
            if self._dialer.is_stopped:
                return
            sender_time = None if media_time is None or shift is None else media_time + shift
            builder.add(picture, time(), media_time, sender_time)

    def _note_sender_time(self, packet: "Packet[VideoStream]") -> None:
        if packet.has_sidedata("prft") and packet.pts is not None:
            (microseconds,) = _WALL_CLOCK.unpack_from(bytes(packet.get_sidedata("prft")))
            self._sender_shift = microseconds / 1e6 - float(packet.pts * packet.time_base)

    def _wait_for_turn(self, media_time: float) -> None:
        """Wait until a picture of a segment is due, at the pace at which they were captured."""
        now = monotonic()
        if self._pace is None or not -MAX_PACE_S < self._pace + media_time - now < MAX_PACE_S:
            self._pace = now - media_time
        self._dialer.wait(max(self._pace + media_time - now, 0.0))

    def _check_silence(self, builder: FrameBuilder, trouble: Trouble, *, is_quiet: bool) -> None:
        """Report a stall when no pictures come.

        Raises:
            SourceError: the silence is so long that the connection counts as lost.
        """
        settings, silence = self._settings, monotonic() - builder.last_picture_at
        if not builder.has_begun and not is_quiet:
            if silence > settings.key_frame_wait:
                raise SourceError(f"no key frame came for {silence:.0f} s")
        elif silence > settings.give_up_after:
            raise SourceError(trouble.reason or f"no picture came for {silence:.0f} s")
        elif silence > settings.stall_after and builder.has_begun:
            reason = f"No new picture for {settings.stall_after:.0f} s."
            self._reporter.report(SourceState.STALLED, reason)
