"""Offers that are accepted, and the reasons why others are refused."""

import pytest

from stream.webrtc.sdp import MAX_OFFER_BYTES, OfferRefused, Refusal, read_fragment, read_offer

HEAD = (
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\na=setup:actpass\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
)
VIDEO = (
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\n"
    "a=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n"
)
AUDIO = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sendonly\r\n"
    "a=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
)


def refusal(body: bytes) -> Refusal:
    with pytest.raises(OfferRefused) as refused:
        read_offer(body, "publisher")
    message = str(refused.value)
    assert len(message) < 250
    assert "\n" not in message
    return refused.value.refusal


def test_a_video_with_audio_is_taken() -> None:
    offer = HEAD + VIDEO + AUDIO
    assert read_offer(offer.encode(), "publisher") == offer


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"\xff\xfe\x00binary",
        b"v=0\r\n",
        b"v=0\r\nm=\r\n",
        HEAD.encode(),
        b"v=0\r\nm=video 9 X 999999\r\n",
        (HEAD + VIDEO + "a=fmtp:97 x=1\r\n").encode(),
        (HEAD + VIDEO + "a=candidate:1 1 udp\r\n").encode(),
        (HEAD + VIDEO + "a=setup:nonsense\r\n").encode(),
        b"v=0" + bytes(range(256)),
    ],
)
def test_what_is_no_sdp_is_malformed(body: bytes) -> None:
    assert refusal(body) is Refusal.MALFORMED


def test_a_megabyte_is_too_large() -> None:
    assert refusal(b"v=0\r\n" + b"a=x\r\n" * (1 << 18)) is Refusal.TOO_LARGE
    assert refusal(b" " * (MAX_OFFER_BYTES + 1)) is Refusal.TOO_LARGE


@pytest.mark.parametrize(
    "offer",
    [
        HEAD + AUDIO,
        HEAD + VIDEO + VIDEO.replace("mid:0", "mid:1"),
        HEAD + "".join(VIDEO.replace("mid:0", f"mid:{n}") for n in range(50)),
        HEAD + VIDEO.replace("sendonly", "recvonly"),
        HEAD + VIDEO.replace("sendonly", "inactive"),
        HEAD.replace("a=ice-ufrag:abcd\r\n", "") + VIDEO,
        HEAD.replace("a=setup:actpass\r\n", "") + VIDEO,
        HEAD + VIDEO + "a=candidate:1 1 udp 1 10.0.0.1 5000 typ host\r\n" * 101,
        HEAD + VIDEO + "m=text 9 UDP/TLS/RTP/SAVPF 98\r\n",
    ],
)
def test_offers_without_exactly_one_video_to_receive_are_unsuitable(offer: str) -> None:
    assert refusal(offer.encode()) is Refusal.UNSUITABLE


def test_codecs_that_are_not_known_are_not_acceptable() -> None:
    assert refusal((HEAD + VIDEO.replace("VP8", "AV1")).encode()) is Refusal.NO_CODEC


def test_a_viewer_wants_to_receive() -> None:
    with pytest.raises(OfferRefused, match="recvonly"):
        read_offer((HEAD + VIDEO).encode(), "viewer")
    read_offer((HEAD + VIDEO.replace("sendonly", "recvonly")).encode(), "viewer")


def test_a_fragment_brings_candidates() -> None:
    fragment = read_fragment(
        b"a=ice-ufrag:abcd\r\na=ice-pwd:x\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n"
        b"a=candidate:1 1 udp 2130706431 10.0.0.1 5000 typ host\r\na=end-of-candidates\r\n"
    )
    assert fragment.username == "abcd"
    assert fragment.is_end
    assert [(c.ip, c.port, c.sdpMid) for c in fragment.candidates] == [("10.0.0.1", 5000, "0")]


@pytest.mark.parametrize("body", [b"", b"hello", b"a=candidate:nonsense\r\n", b"\xff"])
def test_what_is_no_fragment_is_malformed(body: bytes) -> None:
    with pytest.raises(OfferRefused) as refused:
        read_fragment(body)
    assert refused.value.refusal is Refusal.MALFORMED
