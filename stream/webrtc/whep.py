"""Plays a session's annotated picture to viewers over WebRTC (WHEP)."""

import asyncio
from fractions import Fraction
from functools import partial
from time import monotonic
from typing import Final

import cv2
import numpy as np
from aiortc import RTCPeerConnection, VideoStreamTrack
from av.video.frame import VideoFrame
from typing_extensions import override

from stream.webrtc.ice import peer_connection
from stream.webrtc.peers import Answer, PeerSessions, WebRtcSettings, new_key
from stream.webrtc.preview import Picture, Screen
from stream.webrtc.sdp import read_offer

CLOCK_RATE: Final = 90_000
FRAME_RATE: Final = 12.0
MAX_WIDTH: Final = 1280


class ScreenTrack(VideoStreamTrack):
    """A screen as a video track: its newest picture, at an even pace, the last one repeated."""

    def __init__(self, screen: Screen, frame_rate: float, max_width: int) -> None:
        """Watch a screen.

        Args:
            screen: what to show; black until its first picture.
            frame_rate: pictures per second.
            max_width: pixels; wider pictures are made smaller.
        """
        super().__init__()
        self._screen = screen
        self._step = 1 / frame_rate
        self._max_width = max_width
        self._begin: float | None = None
        self._due = 0.0
        screen.add_viewer(1)

    @override
    async def recv(self) -> VideoFrame:
        """The next picture when its time has come."""
        now = monotonic()
        if self._begin is None:
            self._begin = self._due = now
        await asyncio.sleep(max(self._due - now, 0))
        self._due = max(self._due + self._step, now)
        frame = await asyncio.to_thread(self._frame)
        frame.pts = round((monotonic() - self._begin) * CLOCK_RATE)
        frame.time_base = Fraction(1, CLOCK_RATE)
        return frame

    @override
    def stop(self) -> None:
        """End the track; safe to call twice."""
        if self.readyState == "live":
            self._screen.add_viewer(-1)
        super().stop()

    def _frame(self) -> VideoFrame:
        picture = self._screen.picture()
        if picture is None:
            picture = np.zeros((360, 640, 3), np.uint8)
        return VideoFrame.from_ndarray(fitted(picture, self._max_width), "rgb24")


def fitted(picture: Picture, max_width: int) -> Picture:
    """A picture made small enough, with even sides as video wants them."""
    height, width = picture.shape[:2]
    scale = min(max_width / width, 1.0)
    size = (max(int(width * scale) // 2 * 2, 2), max(int(height * scale) // 2 * 2, 2))
    if size == (width, height):
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


class _Viewer:
    """One viewer's connection, closed when the viewer leaves, vanishes or never comes."""

    def __init__(self, peer: RTCPeerConnection, sessions: PeerSessions, key: str) -> None:
        self._peer = peer
        self._end = partial(sessions.forget, key)
        self._loop = asyncio.get_running_loop()
        self._closing: asyncio.Task[None] | None = None
        timeout = sessions.settings.ice.connect_timeout
        self._patience = self._loop.call_later(timeout, self._begin_to_close)
        peer.on("connectionstatechange", self._on_state)

    async def close(self) -> None:
        await asyncio.shield(self._begin_to_close())

    def note_vanished(self) -> None:
        self._begin_to_close()

    def _on_state(self) -> None:
        if self._peer.connectionState == "connected":
            self._patience.cancel()
        elif self._peer.connectionState in ("failed", "closed"):
            self._begin_to_close()

    def _begin_to_close(self) -> "asyncio.Task[None]":
        if self._closing is None:
            self._closing = self._loop.create_task(self._close())
        return self._closing

    async def _close(self) -> None:
        self._patience.cancel()
        for sender in self._peer.getSenders():
            if sender.track is not None:
                sender.track.stop()
        try:
            await self._peer.close()
        finally:
            self._end()


class WhepEndpoint:
    """Takes viewers; belongs to the event loop that it is used on."""

    def __init__(
        self,
        settings: WebRtcSettings | None = None,
        *,
        frame_rate: float = FRAME_RATE,
        max_width: int = MAX_WIDTH,
    ) -> None:
        """Have no viewers yet.

        Args:
            settings: ways between the peers, and how many viewers may watch.
            frame_rate: pictures per second; each viewer's are encoded apart.
            max_width: pixels; wider pictures are made smaller.
        """
        self.sessions = PeerSessions(settings)
        self._frame_rate = frame_rate
        self._max_width = max_width

    async def offer(self, sdp: str | bytes, screen: Screen) -> Answer:
        """Answer a viewer.

        Raises:
            stream.webrtc.sdp.OfferRefused: the offer cannot be answered.
            stream.webrtc.peers.TooManySessions: as many as the settings allow are there already.
        """
        offer = read_offer(sdp.encode() if isinstance(sdp, str) else sdp, "viewer")
        self.sessions.check_room()
        key = new_key()
        peer = peer_connection(self.sessions.settings.ice)
        viewer = _Viewer(peer, self.sessions, key)
        peer.addTrack(ScreenTrack(screen, self._frame_rate, self._max_width))
        return await self.sessions.answer(key, peer, offer, "viewer", viewer)

    async def delete(self, key: str) -> bool:
        """End a viewer's session; False if there is none (any more)."""
        return await self.sessions.delete(key)

    async def close(self) -> None:
        """End all sessions."""
        await self.sessions.close()
