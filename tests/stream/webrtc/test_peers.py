"""Sessions of WebRTC peers: how many, under which keys, and how each ends."""

import pytest

from stream.webrtc.peers import PeerSessions, TooManyPeers, WebRtcSettings, generate_key
from stream.webrtc.sdp import IceFragment, OfferRefused, Refusal
from tests.stream.peers.webrtc import ICE, WebRtcPeer, run


class CountingOwner:
    """The owner of a session, which counts its ends."""

    def __init__(self, sessions: PeerSessions, key: str) -> None:
        self.sessions = sessions
        self.key = key
        self.closed = 0

    async def close(self) -> None:
        self.closed += 1
        self.sessions.forget(self.key)

    def note_vanished(self) -> None: ...


async def connect(sessions: PeerSessions, key: str) -> tuple[CountingOwner, WebRtcPeer, str]:
    """Have a session answer a viewer; return its owner, its side of it, and the tag."""
    viewer, ours, owner = WebRtcPeer(), WebRtcPeer(), CountingOwner(sessions, key)
    offer = await viewer.offer(publishes=False)
    await viewer.peer.close()
    answer = await sessions.answer(key, ours.peer, offer, "viewer", owner)
    assert answer.key == key
    assert answer.sdp.startswith("v=0")
    return owner, ours, answer.tag


def test_a_session_has_a_tag_and_ends_once() -> None:
    async def test() -> None:
        sessions = PeerSessions(WebRtcSettings(ice=ICE, max_sessions=1))
        sessions.check_capacity()
        owner, ours, tag = await connect(sessions, "a")
        assert sessions.tag("a") == tag
        assert tag.startswith('"')
        assert tag.endswith('"')
        with pytest.raises(TooManyPeers, match="try again later"):
            sessions.check_capacity()
        assert await sessions.delete("a")
        assert not await sessions.delete("a")
        assert (owner.closed, sessions.count, sessions.tag("a")) == (1, 0, None)
        sessions.check_capacity()
        await ours.peer.close()

    run(test)


def test_another_user_name_is_a_restart() -> None:
    async def test() -> None:
        sessions = PeerSessions(WebRtcSettings(ice=ICE))
        _, ours, _ = await connect(sessions, "a")
        lines = ours.peer.remoteDescription.sdp.splitlines()
        known = next(line for line in lines if line.startswith("a=ice-ufrag:"))
        assert not sessions.is_restart("a", known.partition(":")[2])
        assert sessions.is_restart("a", "other")
        assert not sessions.is_restart("a", "")
        assert not sessions.is_restart("nobody", "other")
        await sessions.close()
        await ours.peer.close()

    run(test)


def test_an_offer_that_cannot_be_answered_closes_its_session() -> None:
    async def test() -> None:
        sessions = PeerSessions()
        client, ours, owner = WebRtcPeer(), WebRtcPeer(), CountingOwner(sessions, "a")
        offer = (await client.offer()).replace("UDP/TLS/RTP/SAVPF", "RTP/AVP")
        offer = offer.replace("a=rtcp-mux\r\n", "")
        await client.peer.close()
        with pytest.raises(OfferRefused, match="does not suit a publisher here") as refused:
            await sessions.answer("a", ours.peer, offer, "publisher", owner)
        assert refused.value.refusal is Refusal.UNSUITABLE
        assert (owner.closed, sessions.count) == (1, 0)
        await ours.peer.close()

    run(test)


def test_all_sessions_end_together() -> None:
    async def test() -> None:
        sessions = PeerSessions(WebRtcSettings(ice=ICE))
        first, first_peer, _ = await connect(sessions, "a")
        second, second_peer, _ = await connect(sessions, "b")
        assert sessions.count == 2
        await sessions.close()
        assert (first.closed, second.closed, sessions.count) == (1, 1, 0)
        await first_peer.peer.close()
        await second_peer.peer.close()

    run(test)


def test_candidates_for_nobody_are_not_taken() -> None:
    async def test() -> None:
        assert not await PeerSessions().trickle("nobody", IceFragment("", (), is_end=True))

    run(test)


def test_no_two_keys_are_alike_and_each_has_128_bits() -> None:
    keys = {generate_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key) >= 22 for key in keys)
