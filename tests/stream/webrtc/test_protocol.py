"""WHIP and WHEP requests, answered as RFC 9725 says."""

import pytest

from stream.webrtc.ice import IceServer, IceSettings
from stream.webrtc.peers import WebRtcSettings
from stream.webrtc.protocol import HttpReply
from tests.stream.peers.webrtc import FRAGMENT, ICE, SDP, WebRtcPeer, run, until, whip


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
        await endpoint.sessions.close()
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
        await endpoint.sessions.close()
        await client.peer.close()

    run(test)


def test_options_say_what_may_be_posted() -> None:
    async def test() -> None:
        _, protocol = whip()
        assert protocol.options() == HttpReply(204, {"Accept-Post": SDP})

    run(test)
