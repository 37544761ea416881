"""An aiortc peer and a WHIP endpoint for tests, on loopback."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import VideoStreamTrack
from av.video.frame import VideoFrame
from typing_extensions import override

from stream.webrtc.endpoint import WhipEndpoint
from stream.webrtc.ice import IceSettings, adapt
from stream.webrtc.peers import WebRtcSettings
from stream.webrtc.protocol import WhipProtocol

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
ICE = IceSettings(host_addresses=("127.0.0.1",))
PUBLISHER = Path(__file__).with_name("whip_publisher.py")


class Bars(VideoStreamTrack):
    """Moving bars of one size."""

    def __init__(self, width: int = 320, height: int = 240) -> None:
        super().__init__()
        self._size = (height, width)

    @override
    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        image = np.full((*self._size, 3), pts // 3000 * 8 % 256, np.uint8)
        frame = VideoFrame.from_ndarray(image, "rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class WebRtcPeer:
    """An aiortc peer on loopback."""

    def __init__(self) -> None:
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))

    async def offer(self, *, publishes: bool = True) -> str:
        if publishes:
            self.peer.addTrack(Bars())
            self.peer.createDataChannel("events")
            for transceiver in self.peer.getTransceivers():
                transceiver.direction = "sendonly"
        else:
            self.peer.addTransceiver("video", direction="recvonly")
        offer = await self.peer.createOffer()
        adapt(self.peer, ICE, lambda: None)
        await self.peer.setLocalDescription(offer)
        return self.peer.localDescription.sdp

    async def accept(self, sdp: str) -> None:
        await self.peer.setRemoteDescription(RTCSessionDescription(sdp, "answer"))


def whip(settings: WebRtcSettings | None = None) -> tuple[WhipEndpoint, WhipProtocol]:
    endpoint = WhipEndpoint(settings or WebRtcSettings(ice=ICE))
    return endpoint, WhipProtocol(endpoint, "/session/{}".format)


async def until(is_so: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110  (what is waited for has no event)
            await asyncio.sleep(0.01)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(60):
            await test()
            await asyncio.sleep(0.05)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, f"tasks left: {left}"

    asyncio.run(bounded())
