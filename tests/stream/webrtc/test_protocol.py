"""WHIP and WHEP as RFC 9725 says, against FFmpeg's publisher and aiortc."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import VideoStreamTrack
from av.video.frame import VideoFrame
from typing_extensions import override

from stream.mailbox import Mailbox
from stream.status import SourceState
from stream.webrtc.endpoint import WhipEndpoint
from stream.webrtc.ice import IceServer, IceSettings, adapt
from stream.webrtc.peers import WebRtcSettings
from stream.webrtc.preview import Preview
from stream.webrtc.protocol import HttpReply, WhepProtocol, WhipProtocol
from stream.webrtc.whep import WhepEndpoint
from stream.webrtc.whip_source import WhipSource
from tests.stream.peers.whip_server import WhipServer
from tests.stream.watching import wait_until

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
ICE = IceSettings(host_addresses=("127.0.0.1",))
PUBLISHER = Path(__file__).parents[1] / "peers" / "whip_publisher.py"


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


def test_a_publisher_is_created_as_the_rfc_says_and_deleted_once() -> None:
    async def test() -> None:
        ice = IceSettings(host_addresses=("127.0.0.1",), servers=(IceServer("stun:127.0.0.1:9"),))
        endpoint, protocol = whip(WebRtcSettings(ice=ice))
        client = WebRtcPeer()
        offer = (await client.offer()).encode()
        reply, key = await protocol.post(f"{SDP}; charset=utf-8", offer, "*/*")
        assert (reply.status, reply.headers["Content-Type"]) == (201, SDP)
        assert reply.headers["Location"] == f"/session/{key}"
        assert reply.headers["ETag"].startswith('"')
        assert reply.headers["Link"] == '<stun:127.0.0.1:9>; rel="ice-server"'
        assert "a=recvonly" in reply.body
        assert key is not None
        assert len(key) >= 20
        assert endpoint.source(key) is not None
        assert (await protocol.delete(key)).status == 200
        assert (await protocol.delete(key)).status == 404
        assert endpoint.source(key) is None
        await client.peer.close()

    run(test)


@pytest.mark.parametrize(
    ("content_type", "body", "accept", "status"),
    [
        (None, b"v=0", None, 415),
        ("text/plain", b"v=0", None, 415),
        (SDP, b"v=0", "application/json", 406),
        (SDP, b"", None, 400),
        (SDP, b"\x00\xff", None, 400),
        (SDP, b"v=0" + b"a" * (1 << 20), None, 413),
    ],
)
def test_offers_that_cannot_be_accepted_are_refused_as_the_rfc_says(
    content_type: str | None, body: bytes, accept: str | None, status: int
) -> None:
    async def test() -> None:
        endpoint, protocol = whip()
        reply, key = await protocol.post(content_type, body, accept)
        assert (reply.status, key) == (status, None)
        assert reply.problem
        assert not reply.body
        assert endpoint.sessions.count == 0

    run(test)


def test_an_offer_that_aiortc_refuses_leaves_nothing_behind() -> None:
    async def test() -> None:
        endpoint, protocol = whip()
        client = WebRtcPeer()
        offer = (await client.offer()).replace("UDP/TLS/RTP/SAVPF", "RTP/AVP")
        offer = offer.replace("a=rtcp-mux\r\n", "")
        reply, _ = await protocol.post(SDP, offer.encode())
        assert reply.status == 422
        assert endpoint.sessions.count == 0
        await client.peer.close()

    run(test)


def test_one_publisher_too_many_must_come_back_later() -> None:
    async def test() -> None:
        endpoint, protocol = whip(WebRtcSettings(ice=ICE, max_sessions=1))
        first, second = WebRtcPeer(), WebRtcPeer()
        assert (await protocol.post(SDP, (await first.offer()).encode()))[0].status == 201
        reply, _ = await protocol.post(SDP, (await second.offer()).encode())
        assert (reply.status, reply.headers["Retry-After"]) == (429, "10")
        await endpoint.close()
        await first.peer.close()
        await second.peer.close()

    run(test)


def test_candidates_can_come_later() -> None:
    async def test() -> None:
        endpoint, protocol = whip()
        client = WebRtcPeer()
        lines = (await client.offer()).splitlines()
        bare = [line for line in lines if not line.startswith(("a=candidate", "a=end-of"))]
        reply, key = await protocol.post(SDP, ("\r\n".join(bare) + "\r\n").encode())
        assert key is not None
        await client.accept(reply.body)
        fragment = "\r\n".join(
            line for line in lines if line.startswith(("a=ice-ufrag", "a=mid:0", "a=candidate"))
        ).encode()
        tag = reply.headers["ETag"]
        assert (await protocol.patch(key, "text/plain", fragment, tag)).status == 415
        assert (await protocol.patch(key, FRAGMENT, fragment, None)).status == 428
        assert (await protocol.patch(key, FRAGMENT, fragment, '"other"')).status == 412
        assert (await protocol.patch(key, FRAGMENT, b"nonsense", tag)).status == 400
        restart = b"a=ice-ufrag:other\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
        assert (await protocol.patch(key, FRAGMENT, restart, tag)).status == 422
        assert (await protocol.patch(key, FRAGMENT, fragment, tag)).status == 204
        assert (await protocol.patch("none", FRAGMENT, fragment, tag)).status == 404
        await until(lambda: client.peer.connectionState == "connected")
        await endpoint.close()
        await client.peer.close()

    run(test)


def test_options_say_what_may_be_posted() -> None:
    async def test() -> None:
        _, protocol = whip()
        assert protocol.options() == HttpReply(204, {"Accept-Post": SDP})

    run(test)


async def published(
    protocol: WhipProtocol, endpoint: WhipEndpoint
) -> tuple[WebRtcPeer, WhipSource]:
    client = WebRtcPeer()
    reply, key = await protocol.post(SDP, (await client.offer()).encode())
    await client.accept(reply.body)
    source = endpoint.source(key or "")
    assert source is not None
    return client, source


def test_a_source_can_be_stopped_from_another_thread_and_from_the_loop() -> None:
    async def test() -> None:
        endpoint, protocol = whip()
        for stops_elsewhere in (True, False):
            client, source = await published(protocol, endpoint)
            mailbox = Mailbox()
            source.start(mailbox, lambda _: None)
            await until(lambda: mailbox.received > 3)  # noqa: B023  (awaited at once)
            if stops_elsewhere:
                await asyncio.wait_for(asyncio.to_thread(source.stop), 2)
            else:
                source.stop()
            assert source.status.state is SourceState.ENDED
            await until(lambda: endpoint.sessions.count == 0)
            source.stop()
            await client.peer.close()

    run(test)


def test_texts_reach_the_publisher_and_none_waits_without_bound() -> None:
    async def test() -> None:
        endpoint, protocol = whip()
        client = WebRtcPeer()
        offer = await client.offer()
        reply, key = await protocol.post(SDP, offer.encode())
        source = endpoint.source(key or "")
        assert source is not None
        assert source.send("too early") is False
        await client.accept(reply.body)
        await until(lambda: source.send("hello"))
        sent = sum(source.send("x" * 1000) for _ in range(1000))
        assert sent < 100
        await endpoint.close()
        await client.peer.close()

    run(test)


def test_a_publisher_that_never_connects_is_given_up() -> None:
    async def test() -> None:
        ice = IceSettings(host_addresses=("127.0.0.1",), connect_timeout=0.3)
        endpoint, protocol = whip(WebRtcSettings(ice=ice))
        client = WebRtcPeer()
        _, key = await protocol.post(SDP, (await client.offer()).encode())
        source = endpoint.source(key or "")
        assert source is not None
        await until(lambda: endpoint.sessions.count == 0)
        assert source.status.state is SourceState.FAILED
        assert "firewall" in source.status.reason
        await client.peer.close()

    run(test)


def test_a_viewer_gets_the_screen_and_is_counted() -> None:
    async def test() -> None:
        playback = WhepEndpoint(WebRtcSettings(ice=ICE))
        protocol = WhepProtocol(playback, "/viewer/{}".format)
        preview = Preview()
        client = WebRtcPeer()
        offer = (await client.offer(publishes=False)).encode()
        reply, key = await protocol.post(SDP, offer, preview)
        assert reply.status == 201
        assert "a=sendonly" in reply.body
        await client.accept(reply.body)
        track = client.peer.getReceivers()[0].track
        black = await track.recv()
        assert isinstance(black, VideoFrame)
        assert black.to_ndarray(format="gray").mean() < 30
        white = np.full((90, 2560, 3), 250, np.uint8)
        preview.show(lambda: white)
        while True:
            frame = await track.recv()
            assert isinstance(frame, VideoFrame)
            if (frame.width, frame.height) == (1280, 44):
                break
        assert frame.to_ndarray(format="gray").mean() > 200
        assert preview.viewers == 1
        assert (await protocol.delete(key or "")).status == 200
        assert preview.viewers == 0
        await client.peer.close()

    run(test)


@pytest.fixture
def server() -> Iterator[WhipServer]:
    made = WhipServer(WebRtcSettings(ice=ICE))
    yield made
    made.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Make the kind that WebRTC needs (elliptic curve), which FFmpeg does not make itself."""
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    for command in (
        ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key],
        ["openssl", "req", "-new", "-x509", "-key", key, "-subj", "/CN=test", "-out", certificate],
    ):
        subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def publisher(server: WhipServer, certificate: tuple[str, str], seconds: str) -> list[str]:
    place = f"{server.url}/whip"
    return [sys.executable, str(PUBLISHER), place, *certificate, "640x360", "25", seconds]


def test_ffmpeg_publishes_every_picture_and_leaves(
    server: WhipServer, certificate: tuple[str, str]
) -> None:
    done = subprocess.run(publisher(server, certificate, "3"), check=True, capture_output=True)
    (publication,) = server.publications
    assert publication.mailbox.received >= int(done.stdout) - 5 > 0
    wait_until(lambda: publication.source.status.state is SourceState.ENDED)
    assert [status.state for status in publication.heard] == [SourceState.LIVE, SourceState.ENDED]
    wait_until(lambda: server.tasks() == 0)


def test_ffmpeg_that_is_killed_is_noticed_within_ten_seconds(
    server: WhipServer, certificate: tuple[str, str]
) -> None:
    with subprocess.Popen(publisher(server, certificate, "60")) as process:
        wait_until(lambda: bool(server.publications))
        (publication,) = server.publications
        wait_until(lambda: publication.mailbox.received > 20)
        process.kill()
    source = publication.source
    assert wait_until(lambda: source.status.state is SourceState.STALLED) < 5
    assert source.status.reason == "The publisher is connected, but sent no picture for 3 s."
    assert wait_until(lambda: source.status.state is SourceState.ENDED) < 10
    assert source.status.reason.startswith("The publisher vanished")
    wait_until(lambda: server.tasks() == 0)
