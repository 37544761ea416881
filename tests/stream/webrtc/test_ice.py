"""ICE settings; fails when another version of aiortc or aioice has other insides."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription

from stream.errors import SourceError
from stream.webrtc.ice import IceServer, IceSettings, adapt, announce, make_connection
from tests.stream.peers.cameras import free_port

Test = Callable[[], Coroutine[Any, Any, None]]


def candidates(sdp: str) -> list[tuple[str, int, str]]:
    """Address, port and kind of each."""
    lines = [line.split() for line in sdp.splitlines() if line.startswith("a=candidate:")]
    return [(parts[4], int(parts[5]), parts[7]) for parts in lines]


async def answer(settings: IceSettings) -> str:
    """The answer to an offer under some settings."""
    offerer = RTCPeerConnection()
    offerer.addTransceiver("video", direction="sendonly")
    offerer.createDataChannel("events")
    offer = await offerer.createOffer()
    peer = make_connection(settings)
    try:
        await peer.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
        adapt(peer, settings, lambda: None)
        await peer.setLocalDescription(await peer.createAnswer())
        return announce(peer.localDescription.sdp, settings)
    finally:
        await peer.close()
        await offerer.close()


def test_no_outside_server_is_used_unless_named() -> None:
    async def check() -> None:
        assert make_connection(IceSettings())._RTCPeerConnection__configuration.iceServers == []  # type: ignore[attr-defined]

    asyncio.run(check())


def test_only_the_addresses_of_the_settings_are_listened_on() -> None:
    sdp = asyncio.run(answer(IceSettings(host_addresses=("127.0.0.1",))))
    assert {address for address, *_ in candidates(sdp)} == {"127.0.0.1"}


def test_only_the_ports_of_the_settings_are_used() -> None:
    port = free_port()
    settings = IceSettings(host_addresses=("127.0.0.1",), ports=(port, port))
    assert set(candidates(asyncio.run(answer(settings)))) == {("127.0.0.1", port, "host")}


def test_ports_that_are_all_taken_are_a_sentence() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        settings = IceSettings(host_addresses=("127.0.0.1",), ports=(port, port))
        with pytest.raises(SourceError, match=f"no UDP port of {port} to {port}"):
            asyncio.run(answer(settings))


def test_public_addresses_are_announced_besides() -> None:
    settings = IceSettings(host_addresses=("127.0.0.1",), public_addresses=("203.0.113.9",))
    found = candidates(asyncio.run(answer(settings)))
    ports = {port for address, port, _ in found if address == "127.0.0.1"}
    assert {port for address, port, _ in found if address == "203.0.113.9"} == ports


def test_links_tell_about_servers_and_credentials_are_not_in_the_representation() -> None:
    server = IceServer("turn:turn.example:3478?transport=udp", "me", 'pa"ss')
    settings = IceSettings(servers=(IceServer("stun:stun.example:3478"), server))
    assert settings.links() == (
        '<stun:stun.example:3478>; rel="ice-server"',
        '<turn:turn.example:3478?transport=udp>; rel="ice-server"; username="me"; '
        'credential="pa\\"ss"; credential-type="password"',
    )
    assert "ss" not in repr(server).partition("username")[2]
