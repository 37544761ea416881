"""WebRTC publishers as live sources: decoded at full rate, and watched for their end."""

import asyncio
import json
import logging
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from threading import Lock
from time import time
from typing import Final

from aiortc import MediaStreamTrack, RTCDataChannel, RTCPeerConnection
from aiortc.mediastreams import MediaStreamError
from av.video.frame import VideoFrame

from stream.decode.frame_builder import FrameBuilder
from stream.errors import SourceError, stranger
from stream.mailbox import Inbox
from stream.sources import STOP_BOUND_S, StatusListener
from stream.status import SourceState, SourceStatus, StatusReporter, to_sentence
from stream.webrtc.peers import WebRtcSettings
from stream.webrtc.receiver import ReceiverAdapter

# Beyond these a publisher does not read its data channel, and messages are dropped.
MAX_PENDING_MESSAGES: Final = 64
MAX_BUFFERED_BYTES: Final = 256 * 1024
STOPPED: Final = "Stopped."
LEFT: Final = "The publisher left."
UNREACHABLE: Final = (
    "The publisher was not reached: its network or a firewall lets no UDP through; see TURN."
)

_logger: Final = logging.getLogger(__name__)


class WhipSource:
    """A WebRTC publisher; implements `stream.sources.LiveSource`. Made by `WhipEndpoint`.

    Everything of WebRTC happens on the event loop that made it; the methods may be called from
    any thread. Pictures are decoded at full rate also before `start`, and dropped.
    """

    def __init__(
        self,
        source_id: str,
        peer: RTCPeerConnection,
        settings: WebRtcSettings,
        on_end: Callable[[], None],
    ) -> None:
        """Wait for a connection that is about to be made; call it on the event loop.

        Args:
            source_id: the source's name.
            peer: not connected yet.
            settings: of WebRTC sessions.
            on_end: called once, on the loop, when the connection is closed.
        """
        self._source_id = source_id
        self._peer = peer
        self._settings = settings
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._reporter = StatusReporter()
        self._reporter.report(SourceState.CONNECTING, "Waiting for the publisher.")
        self._builder: FrameBuilder | None = None
        self._receiver: ReceiverAdapter | None = None
        self._channel: RTCDataChannel | None = None
        self._lock = Lock()
        self._pending_messages = 0
        self._was_connected = False
        self._pulling: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._connect_timer = self._loop.call_later(settings.ice.connect_timeout, self._give_up)
        peer.on("track", self._on_track)
        peer.on("datachannel", self._on_channel)
        peer.on("connectionstatechange", self._on_connection_state)

    @property
    def source_id(self) -> str:
        """The given name."""
        return self._source_id

    @property
    def status(self) -> SourceStatus:
        """The newest status."""
        return self._reporter.status

    def start(self, mailbox: Inbox, on_status: StatusListener) -> None:
        """Begin to pass frames on; returns at once."""
        self._reporter.listen(on_status)
        builder = FrameBuilder(
            self._source_id,
            mailbox,
            self._reporter,
            self._settings.limits,
            awaits_key_frame=False,  # aiortc's decoders begin with one, and do not mark it
        )
        with suppress(RuntimeError):  # the loop is closed, and the source with it
            self._loop.call_soon_threadsafe(setattr, self, "_builder", builder)

    def note_vanished(self) -> None:
        """End the source, because nothing comes from the publisher; called on the event loop."""
        silence = self._settings.ice.vanished_after
        reason = f"The publisher vanished: nothing came from it for {silence:.0f} s."
        self._begin_to_close(SourceState.ENDED, reason, is_connected=False)

    def send(self, message: str) -> bool:
        """Send a message over the publisher's data channel; never blocks.

        Returns:
            False if there is no channel, or the publisher does not read and too much is pending;
            then the message is dropped.
        """
        channel = self._channel
        with self._lock:
            is_possible = (
                channel is not None
                and channel.readyState == "open"
                and channel.bufferedAmount < MAX_BUFFERED_BYTES
                and self._pending_messages < MAX_PENDING_MESSAGES
            )
            self._pending_messages += is_possible
        if is_possible:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._deliver, message)
        return is_possible

    def stop(self, timeout: float = STOP_BOUND_S) -> None:
        """End the connection; blocks for `timeout` seconds at most, never on the event loop."""
        with suppress(RuntimeError):
            if asyncio.get_running_loop() is self._loop:
                self._begin_to_close(SourceState.ENDED, STOPPED)
                return
        if not self._loop.is_closed():
            closing = asyncio.run_coroutine_threadsafe(self.close(STOPPED), self._loop)
            with suppress(FutureTimeout):
                closing.result(timeout)
        self._reporter.report(SourceState.ENDED, STOPPED)

    async def close(self, reason: str = STOPPED) -> None:
        """End the connection, on the event loop; safe to call twice."""
        await asyncio.shield(self._begin_to_close(SourceState.ENDED, reason))

    def _begin_to_close(
        self, state: SourceState, reason: str, *, is_connected: bool = True
    ) -> "asyncio.Task[None]":
        if self._closing is None:
            if is_connected:
                self._announce_end(reason)
            self._reporter.report(state, reason)
            self._closing = self._loop.create_task(self._close(), name=f"end {self._source_id}")
        return self._closing

    async def _close(self) -> None:
        self._connect_timer.cancel()
        if self._pulling is not None:
            self._pulling.cancel()
        try:
            await self._peer.close()
        finally:
            self._on_end()

    def _announce_end(self, reason: str) -> None:
        """Notify the publisher: browsers take half a minute to notice that they are cut off."""
        if self._channel is not None and self._channel.readyState == "open":
            self._channel.send(json.dumps({"state": "ended", "reason": reason}))

    def _on_channel(self, channel: RTCDataChannel) -> None:
        if self._channel is None or channel.label == "events":
            self._channel = channel

    def _deliver(self, message: str) -> None:
        with self._lock:
            self._pending_messages -= 1
        if self._channel is not None and self._channel.readyState == "open":
            self._channel.send(message)

    def _on_connection_state(self) -> None:
        state = self._peer.connectionState
        if state == "connected":
            self._was_connected = True
            self._connect_timer.cancel()
        elif state == "failed" and not self._was_connected:
            self._give_up()
        elif state in ("failed", "closed"):
            self._begin_to_close(SourceState.ENDED, LEFT, is_connected=False)

    def _give_up(self) -> None:
        self._begin_to_close(SourceState.FAILED, UNREACHABLE, is_connected=False)

    def _on_track(self, track: MediaStreamTrack) -> None:
        for transceiver in self._peer.getTransceivers():
            if transceiver.receiver.track is not track:
                continue
            if track.kind == "video":
                self._receiver = ReceiverAdapter(transceiver.receiver)
                self._pulling = self._loop.create_task(self._pull(track))
            else:  # audio is not used: its packets are dropped before they are decoded
                transceiver.receiver._enabled = False

    async def _pull(self, track: MediaStreamTrack) -> None:
        """Receive every picture as soon as it is decoded, so that none waits in a queue."""
        while True:
            try:
                async with asyncio.timeout(self._settings.stall_after):
                    picture = await track.recv()
            except TimeoutError:
                self._report_stall()
                continue
            except MediaStreamError:
                self._begin_to_close(SourceState.ENDED, LEFT, is_connected=False)
                return
            try:
                self._add(picture)
            except SourceError as error:
                self._begin_to_close(SourceState.FAILED, to_sentence(str(error)))
                return
            except Exception as error:
                # Nobody waits for this task: the session would stay live and show nothing.
                _logger.exception("%s: a picture could not be taken", self._source_id)
                self._begin_to_close(SourceState.FAILED, to_sentence(stranger(error)))
                return

    def _add(self, picture: object) -> None:
        if not isinstance(picture, VideoFrame) or self._builder is None or picture.pts is None:
            return
        sender_time = None if self._receiver is None else self._receiver.sender_time(picture.pts)
        self._builder.add(picture, time(), picture.time, sender_time)

    def _report_stall(self) -> None:
        if self._was_connected and self._builder is not None:
            after = self._settings.stall_after
            reason = f"The publisher is connected, but sent no picture for {after:.0f} s."
            self._reporter.report(SourceState.STALLED, reason)
