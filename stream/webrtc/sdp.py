"""Checks SDP offers and ICE fragments before aiortc reads them, to refuse with one sentence."""

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from aiortc import RTCIceCandidate
from aiortc.sdp import MediaDescription, SessionDescription, candidate_from_sdp

from stream.errors import StreamError

MAX_OFFER_BYTES: Final = 128 * 1024  # a browser's offer has about 6 KiB
MAX_SECTIONS: Final = 4  # one video, one audio, one data channel, and one to spare
MAX_CANDIDATES: Final = 100  # a machine with ten addresses has about 30
CODECS: Final = ("video/vp8", "video/h264")  # the decoders of aiortc
# Errors of aiortc's parser on text that is no SDP.
PARSE_ERRORS: Final = (
    ValueError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    StopIteration,
    RuntimeError,
)

Role = Literal["publisher", "viewer"]


class Refusal(Enum):
    """Reasons to refuse an offer; the values are HTTP status codes."""

    MALFORMED = 400
    NO_CODEC = 406
    TOO_LARGE = 413
    UNSUITABLE = 422


class OfferRefused(StreamError):
    """An offer that cannot be answered; the message is one sentence."""

    def __init__(self, refusal: Refusal, message: str) -> None:
        super().__init__(message)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class IceFragment:
    """The body of a PATCH request (RFC 8840).

    Attributes:
        username: ICE user name that the candidates belong to; empty if it is not in the body.
        candidates: new addresses of the peer.
        is_end: whether no more candidates follow.
    """

    username: str
    candidates: tuple[RTCIceCandidate, ...]
    is_end: bool


def read_offer(body: bytes, role: Role) -> str:
    """Check an offer.

    Args:
        body: of the request.
        role: of the peer.

    Returns:
        The offer as text.

    Raises:
        OfferRefused: it cannot be answered.
    """
    text = _text(body)
    sections = _parse(text).media
    if not sections:
        raise OfferRefused(Refusal.MALFORMED, "the offer has no media; send an SDP offer")
    if len(sections) > MAX_SECTIONS:
        raise OfferRefused(
            Refusal.UNSUITABLE,
            f"the offer has {len(sections)} media sections; send one video, and audio and a data "
            "channel if you like",
        )
    _check_transport(sections)
    _check_video([section for section in sections if section.kind == "video"], role)
    return text


def read_fragment(body: bytes) -> IceFragment:
    """Read a trickled ICE fragment.

    Raises:
        OfferRefused: the body is no fragment, or has too many candidates.
    """
    lines = _text(body).splitlines()
    username, mid, index, is_end = "", "0", -1, False
    candidates: list[RTCIceCandidate] = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.startswith("m="):
            index += 1
        elif name == "a=ice-ufrag":
            username = value.strip()
        elif name == "a=mid":
            mid = value.strip()
        elif name == "a=end-of-candidates":
            is_end = True
        elif name == "a=candidate":
            candidates.append(_candidate(value, mid, max(index, 0)))
    if len(candidates) > MAX_CANDIDATES:
        raise OfferRefused(Refusal.UNSUITABLE, "the fragment has too many candidates")
    if not username and not candidates and not is_end:
        raise OfferRefused(Refusal.MALFORMED, "the body is no ICE fragment (RFC 8840)")
    return IceFragment(username, tuple(candidates), is_end)


def _text(body: bytes) -> str:
    if len(body) > MAX_OFFER_BYTES:
        raise OfferRefused(Refusal.TOO_LARGE, f"the body is larger than {MAX_OFFER_BYTES} bytes")
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise OfferRefused(Refusal.MALFORMED, "the body is not text; send SDP") from None


def _parse(text: str) -> SessionDescription:
    if not text.startswith("v=0"):
        raise OfferRefused(Refusal.MALFORMED, "the body is not an SDP offer (it begins with v=0)")
    try:
        return SessionDescription.parse(text)
    except PARSE_ERRORS as error:
        raise OfferRefused(Refusal.MALFORMED, "the SDP offer cannot be read") from error


def _candidate(value: str, mid: str, index: int) -> RTCIceCandidate:
    try:
        candidate = candidate_from_sdp(value)
    except PARSE_ERRORS as error:
        raise OfferRefused(Refusal.MALFORMED, "a candidate cannot be read") from error
    candidate.sdpMid, candidate.sdpMLineIndex = mid, index
    return candidate


def _check_transport(sections: list[MediaDescription]) -> None:
    if any(section.kind not in ("audio", "video", "application") for section in sections):
        raise OfferRefused(Refusal.UNSUITABLE, "the offer has media of another kind than video")
    for section in sections:
        if section.dtls is None or not section.dtls.fingerprints:
            raise OfferRefused(Refusal.UNSUITABLE, "the offer has no DTLS fingerprint and setup")
        ice = section.ice
        if ice is None or not ice.usernameFragment or not ice.password:
            raise OfferRefused(Refusal.UNSUITABLE, "the offer has no ICE user name and password")
    if sum(len(section.ice_candidates) for section in sections) > MAX_CANDIDATES:
        raise OfferRefused(Refusal.UNSUITABLE, "the offer has too many ICE candidates")


def _check_video(videos: list[MediaDescription], role: Role) -> None:
    if len(videos) != 1:
        count = "no" if not videos else str(len(videos))
        raise OfferRefused(Refusal.UNSUITABLE, f"the offer has {count} video tracks; send one")
    wanted = "sendonly" if role == "publisher" else "recvonly"
    if videos[0].direction not in (wanted, "sendrecv"):
        raise OfferRefused(
            Refusal.UNSUITABLE,
            f"the offer's video is {videos[0].direction or 'without direction'}; make it {wanted}",
        )
    if not any(codec.mimeType.lower() in CODECS for codec in videos[0].rtp.codecs):
        offered = ", ".join(sorted({codec.name for codec in videos[0].rtp.codecs})) or "none"
        raise OfferRefused(
            Refusal.NO_CODEC,
            f"none of the offered codecs is VP8 or H264 (offered: {offered[:100]})",
        )
