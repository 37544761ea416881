"""WHIP (RFC 9725) and WHEP without a web framework: requests in, replies out.

What a route does with it: `reply, key = await whip.post(content_type, body, accept)`, then sends
the reply as it is.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from stream.errors import SourceError
from stream.webrtc.endpoint import WhipEndpoint
from stream.webrtc.ice import IceSettings
from stream.webrtc.peers import Answer, PeerSessions, TooManySessions
from stream.webrtc.preview import Screen
from stream.webrtc.sdp import OfferRefused, read_fragment
from stream.webrtc.whep import WhepEndpoint

SDP: Final = "application/sdp"
FRAGMENT: Final = "application/trickle-ice-sdpfrag"
RETRY_AFTER_S: Final = 10


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send back.

    Attributes:
        status: of HTTP.
        headers: in any order; `Link` may hold several links, joined by commas.
        body: SDP for 201, else empty.
        problem: for refusals, one sentence that says what was wrong.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    problem: str = ""


class PeerProtocol:
    """What WHIP and WHEP share: everything but the offer."""

    def __init__(self, sessions: PeerSessions, location: Callable[[str], str]) -> None:
        """Serve sessions.

        Args:
            sessions: of an endpoint.
            location: the path of a session, from its key.
        """
        self._sessions = sessions
        self._location = location

    def options(self) -> Reply:
        """Answer OPTIONS on the endpoint: what may be posted."""
        return Reply(204, {"Accept-Post": SDP, **_links(self._sessions.settings.ice)})

    async def patch(
        self, key: str, content_type: str | None, body: bytes, if_match: str | None
    ) -> Reply:
        """Take more candidates; ICE restarts are not offered."""
        tag = self._sessions.tag(key)
        if tag is None:
            return _gone()
        if media_type(content_type) != FRAGMENT:
            return Reply(415, {"Accept-Patch": FRAGMENT}, problem=f"send {FRAGMENT}")
        if if_match is None:
            return Reply(428, problem="send If-Match with the session's ETag")
        if if_match.strip() != "*" and tag not in [part.strip() for part in if_match.split(",")]:
            return Reply(412, problem="the ETag is not that of the session")
        try:
            fragment = read_fragment(body)
        except OfferRefused as error:
            return _refused(error)
        if self._sessions.is_restart(key, fragment.username):
            return Reply(422, problem="ICE restarts are not offered; start a new session")
        return Reply(204) if await self._sessions.trickle(key, fragment) else _gone()

    async def delete(self, key: str) -> Reply:
        """End a session."""
        return Reply(200) if await self._sessions.delete(key) else _gone()

    async def _post(
        self, content_type: str | None, accept: str | None, offer: Callable[[], Awaitable[Answer]]
    ) -> tuple[Reply, str | None]:
        """The reply to an offer, and the key of the session if there is one now."""
        refusal = _refuse_headers(content_type, accept)
        if refusal is not None:
            return refusal, None
        try:
            answer = await offer()
        except OfferRefused as error:
            return _refused(error), None
        except TooManySessions as error:
            return Reply(429, {"Retry-After": str(RETRY_AFTER_S)}, problem=str(error)), None
        except SourceError as error:  # no port or address to listen on
            return Reply(503, {"Retry-After": str(RETRY_AFTER_S)}, problem=str(error)), None
        headers = {
            "Content-Type": SDP,
            "Location": self._location(answer.key),
            "ETag": answer.tag,
            "Accept-Patch": FRAGMENT,
            **_links(self._sessions.settings.ice),
        }
        return Reply(201, headers, answer.sdp), answer.key


class WhipProtocol(PeerProtocol):
    """Publishers."""

    def __init__(self, endpoint: WhipEndpoint, location: Callable[[str], str]) -> None:
        """Serve an endpoint; see `PeerProtocol`."""
        super().__init__(endpoint.sessions, location)
        self._endpoint = endpoint

    async def post(
        self, content_type: str | None, body: bytes, accept: str | None = None
    ) -> tuple[Reply, str | None]:
        """Take a publisher; with 201 comes the key, under which the endpoint has its source."""
        return await self._post(content_type, accept, lambda: self._endpoint.offer(body))


class WhepProtocol(PeerProtocol):
    """Viewers."""

    def __init__(self, endpoint: WhepEndpoint, location: Callable[[str], str]) -> None:
        """Serve an endpoint; see `PeerProtocol`."""
        super().__init__(endpoint.sessions, location)
        self._endpoint = endpoint

    async def post(
        self, content_type: str | None, body: bytes, screen: Screen, accept: str | None = None
    ) -> tuple[Reply, str | None]:
        """Take a viewer of a screen; with 201 comes the key of its session."""
        return await self._post(content_type, accept, lambda: self._endpoint.offer(body, screen))


def _refuse_headers(content_type: str | None, accept: str | None) -> Reply | None:
    """What is wrong with the headers of an offer; None if nothing."""
    if media_type(content_type) != SDP:
        return Reply(415, {"Accept-Post": SDP}, problem=f"send an offer as {SDP}")
    if accept is not None and not _is_accepted(accept):
        return Reply(406, problem=f"the answer is {SDP}; accept that")
    return None


def _refused(error: OfferRefused) -> Reply:
    return Reply(error.refusal.value, problem=str(error))


def _gone() -> Reply:
    return Reply(404, problem="there is no such session (any more)")


def _links(ice: IceSettings) -> dict[str, str]:
    links = ", ".join(ice.links())
    return {"Link": links} if links else {}


def media_type(content_type: str | None) -> str:
    """A `Content-Type` without its parameters."""
    return (content_type or "").partition(";")[0].strip().lower()


def _is_accepted(accept: str) -> bool:
    ranges = {media_type(part) for part in accept.split(",")}
    return bool(ranges & {"*/*", "application/*", SDP, ""})
