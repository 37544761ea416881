"""Sends the preview of a session to viewers over WebRTC (WHEP)."""

import asyncio
import logging
from fractions import Fraction
from functools import partial
from time import monotonic
from typing import Final

import cv2
import numpy as np
from aiortc import RTCPeerConnection, VideoStreamTrack
from av.video.frame import VideoFrame
from typing_extensions import override

from stream.webrtc.ice import make_connection
from stream.webrtc.peers import PeerAnswer, PeerSessions, WebRtcSettings, generate_key
from stream.webrtc.preview import Preview, RgbImage
from stream.webrtc.sdp import read_offer

CLOCK_RATE: Final = 90_000  # RTP ticks per second of video (RFC 3551)
FRAME_RATE: Final = 12.0  # pictures per second; each viewer's are encoded apart
MAX_WIDTH: Final = 1280  # pixels

_logger: Final = logging.getLogger(__name__)


class PreviewTrack(VideoStreamTrack):
    """A preview as a video track: its newest picture at a constant rate, repeated if need be."""

    def __init__(self, preview: Preview, frame_rate: float, max_width: int) -> None:
        """Count as a viewer of a preview.

        Args:
            preview: the pictures to send; black until the first.
            frame_rate: pictures per second.
            max_width: pixels; wider pictures are scaled down.
        """
        super().__init__()
        self._preview = preview
        self._step = 1 / frame_rate
        self._max_width = max_width
        self._started_at: float | None = None
        self._due = 0.0
        self._is_broken = False
        preview.add_viewer(1)

    @override
    async def recv(self) -> VideoFrame:
        """Wait until the next picture is due and return it."""
        now = monotonic()
        if self._started_at is None:
            self._started_at = self._due = now
        await asyncio.sleep(max(self._due - now, 0))
        self._due = max(self._due + self._step, now)
        frame = await asyncio.to_thread(self._frame)
        frame.pts = round((monotonic() - self._started_at) * CLOCK_RATE)
        frame.time_base = Fraction(1, CLOCK_RATE)
        return frame

    @override
    def stop(self) -> None:
        """End the track; safe to call twice."""
        if self.readyState == "live":
            self._preview.add_viewer(-1)
        super().stop()

    def _frame(self) -> VideoFrame:
        picture = self._picture()
        if picture is None:
            picture = np.zeros((360, 640, 3), np.uint8)
        return VideoFrame.from_ndarray(fit_width(picture, self._max_width), "rgb24")

    def _picture(self) -> RgbImage | None:
        try:
            picture = self._preview.picture()
        except Exception:
            # The library would end the stream; the next picture may be drawn again.
            if not self._is_broken:
                _logger.exception("a picture for a viewer could not be drawn")
            self._is_broken = True
            return None
        self._is_broken = False
        return picture


def fit_width(picture: RgbImage, max_width: int) -> RgbImage:
    """Scale a picture down to a width, with even sides as video encoders require them."""
    height, width = picture.shape[:2]
    scale = min(max_width / width, 1.0)
    size = (max(int(width * scale) // 2 * 2, 2), max(int(height * scale) // 2 * 2, 2))
    if size == (width, height):
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


class _Viewer:
    """One viewer's connection, closed when the viewer leaves, vanishes or never connects."""

    def __init__(self, peer: RTCPeerConnection, sessions: PeerSessions, key: str) -> None:
        self._peer = peer
        self._on_end = partial(sessions.forget, key)
        self._loop = asyncio.get_running_loop()
        self._closing: asyncio.Task[None] | None = None
        timeout = sessions.settings.ice.connect_timeout
        self._connect_timer = self._loop.call_later(timeout, self._begin_to_close)
        peer.on("connectionstatechange", self._on_state)

    async def close(self) -> None:
        await asyncio.shield(self._begin_to_close())

    def note_vanished(self) -> None:
        self._begin_to_close()

    def _on_state(self) -> None:
        if self._peer.connectionState == "connected":
            self._connect_timer.cancel()
        elif self._peer.connectionState in ("failed", "closed"):
            self._begin_to_close()

    def _begin_to_close(self) -> "asyncio.Task[None]":
        if self._closing is None:
            self._closing = self._loop.create_task(self._close())
        return self._closing

    async def _close(self) -> None:
        self._connect_timer.cancel()
        for sender in self._peer.getSenders():
            if sender.track is not None:
                sender.track.stop()
        try:
            await self._peer.close()
        finally:
            self._on_end()


class WhepEndpoint:
    """Accepts viewers; belongs to the event loop that it is used on."""

    def __init__(
        self,
        settings: WebRtcSettings | None = None,
        *,
        frame_rate: float = FRAME_RATE,
        max_width: int = MAX_WIDTH,
    ) -> None:
        """Start without viewers.

        Args:
            settings: ICE, and how many viewers may connect.
            frame_rate: pictures per second.
            max_width: pixels; wider pictures are scaled down.
        """
        self.sessions = PeerSessions(settings)
        self._frame_rate = frame_rate
        self._max_width = max_width

    async def offer(self, sdp: str | bytes, preview: Preview) -> PeerAnswer:
        """Answer a viewer's offer.

        Raises:
            stream.webrtc.sdp.OfferRefused: the offer cannot be answered.
            stream.webrtc.peers.TooManyPeers: as many as the settings allow are connected.
        """
        offer = read_offer(sdp.encode() if isinstance(sdp, str) else sdp, "viewer")
        self.sessions.check_capacity()
        key = generate_key()
        peer = make_connection(self.sessions.settings.ice)
        viewer = _Viewer(peer, self.sessions, key)
        peer.addTrack(PreviewTrack(preview, self._frame_rate, self._max_width))
        return await self.sessions.answer(key, peer, offer, "viewer", viewer)
