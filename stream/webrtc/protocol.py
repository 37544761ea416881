"""WHIP (RFC 9725) and WHEP without a web framework: requests in, replies out.

A route calls `reply, key = await whip.post(content_type, body, accept)` and sends the reply as it
is.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from stream.errors import SourceError
from stream.webrtc.endpoint import WhipEndpoint
from stream.webrtc.ice import IceSettings
from stream.webrtc.peers import PeerAnswer, PeerSessions, TooManyPeers
from stream.webrtc.preview import Preview
from stream.webrtc.sdp import OfferRefused, read_fragment
from stream.webrtc.whep import WhepEndpoint

SDP: Final = "application/sdp"
FRAGMENT: Final = "application/trickle-ice-sdpfrag"
RETRY_AFTER_S: Final = 10  # until a vanished peer has made room for certain


@dataclass(frozen=True, slots=True)
class HttpReply:
    """The reply to an HTTP request.

    Attributes:
        status: HTTP status code.
        headers: in any order; `Link` may hold several links, joined by commas.
        body: SDP for 201, else empty.
        problem: for refusals, one sentence that says what was wrong.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    problem: str = ""


class PeerProtocol:
    """The common part of WHIP and WHEP: everything but the offer."""

    def __init__(self, sessions: PeerSessions, location: Callable[[str], str]) -> None:
        """Serve the sessions of an endpoint.

        Args:
            sessions: of an endpoint.
            location: returns the path of a session from its key.
        """
        self._sessions = sessions
        self._location = location

    def options(self) -> HttpReply:
        """Reply to OPTIONS on the endpoint: the content type of offers, and ICE servers."""
        return HttpReply(204, {"Accept-Post": SDP, **_links(self._sessions.settings.ice)})

    async def patch(
        self, key: str, content_type: str | None, body: bytes, if_match: str | None
    ) -> HttpReply:
        """Add ICE candidates; ICE restarts are refused."""
        tag = self._sessions.tag(key)
        if tag is None:
            return _no_session()
        if media_type(content_type) != FRAGMENT:
            return HttpReply(415, {"Accept-Patch": FRAGMENT}, problem=f"send {FRAGMENT}")
        if if_match is None:
            return HttpReply(428, problem="send If-Match with the session's ETag")
        if if_match.strip() != "*" and tag not in [part.strip() for part in if_match.split(",")]:
            return HttpReply(412, problem="the ETag is not that of the session")
        try:
            fragment = read_fragment(body)
        except OfferRefused as error:
            return _refuse(error)
        if self._sessions.is_restart(key, fragment.username):
            return HttpReply(422, problem="ICE restarts are not offered; start a new session")
        return HttpReply(204) if await self._sessions.trickle(key, fragment) else _no_session()

    async def delete(self, key: str) -> HttpReply:
        """End a session."""
        return HttpReply(200) if await self._sessions.delete(key) else _no_session()

    async def _post(
        self,
        content_type: str | None,
        accept: str | None,
        offer: Callable[[], Awaitable[PeerAnswer]],
    ) -> tuple[HttpReply, str | None]:
        """Return the reply to an offer, and the key of the session if one was made."""
        refusal = _check_headers(content_type, accept)
        if refusal is not None:
            return refusal, None
        try:
            answer = await offer()
        except OfferRefused as error:
            return _refuse(error), None
        except TooManyPeers as error:
            return HttpReply(429, {"Retry-After": str(RETRY_AFTER_S)}, problem=str(error)), None
        except SourceError as error:  # no port or address to listen on
            return HttpReply(503, {"Retry-After": str(RETRY_AFTER_S)}, problem=str(error)), None
        headers = {
            "Content-Type": SDP,
            "Location": self._location(answer.key),
            "ETag": answer.tag,
            "Accept-Patch": FRAGMENT,
            **_links(self._sessions.settings.ice),
        }
        return HttpReply(201, headers, answer.sdp), answer.key


class WhipProtocol(PeerProtocol):
    """WHIP: publishers."""

    def __init__(self, endpoint: WhipEndpoint, location: Callable[[str], str]) -> None:
        super().__init__(endpoint.sessions, location)
        self._endpoint = endpoint

    async def post(
        self, content_type: str | None, body: bytes, accept: str | None = None
    ) -> tuple[HttpReply, str | None]:
        """Accept a publisher; with status 201 comes the key of its source at the endpoint."""
        return await self._post(content_type, accept, lambda: self._endpoint.offer(body))


class WhepProtocol(PeerProtocol):
    """WHEP: viewers."""

    def __init__(self, endpoint: WhepEndpoint, location: Callable[[str], str]) -> None:
        super().__init__(endpoint.sessions, location)
        self._endpoint = endpoint

    async def post(
        self, content_type: str | None, body: bytes, preview: Preview, accept: str | None = None
    ) -> tuple[HttpReply, str | None]:
        """Accept a viewer of a preview; with status 201 comes the key of its session."""
        return await self._post(content_type, accept, lambda: self._endpoint.offer(body, preview))


def _check_headers(content_type: str | None, accept: str | None) -> HttpReply | None:
    """Return a refusal of an offer's headers; None if they are right."""
    if media_type(content_type) != SDP:
        return HttpReply(415, {"Accept-Post": SDP}, problem=f"send an offer as {SDP}")
    if accept is not None and not _is_accepted(accept):
        return HttpReply(406, problem=f"the answer is {SDP}; accept that")
    return None


def _refuse(error: OfferRefused) -> HttpReply:
    return HttpReply(error.refusal.value, problem=str(error))


def _no_session() -> HttpReply:
    return HttpReply(404, problem="there is no such session (any more)")


def _links(ice: IceSettings) -> dict[str, str]:
    links = ", ".join(ice.links())
    return {"Link": links} if links else {}


def media_type(content_type: str | None) -> str:
    """Return a `Content-Type` without its parameters, in lower case."""
    return (content_type or "").partition(";")[0].strip().lower()


def _is_accepted(accept: str) -> bool:
    ranges = {media_type(part) for part in accept.split(",")}
    return bool(ranges & {"*/*", "application/*", SDP, ""})
