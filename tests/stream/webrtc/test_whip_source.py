"""Publishers as live sources: aiortc and FFmpeg's muxer."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest

from stream.mailbox import Mailbox
from stream.status import SourceState
from stream.webrtc.endpoint import WhipEndpoint
from stream.webrtc.ice import IceSettings
from stream.webrtc.peers import WebRtcSettings
from stream.webrtc.protocol import WhipProtocol
from stream.webrtc.whip_source import WhipSource
from tests.stream.peers.webrtc import ICE, PUBLISHER, SDP, WebRtcPeer, run, until, whip
from tests.stream.peers.whip_server import WhipServer
from tests.stream.watching import wait_until


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
        await endpoint.sessions.close()
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
