"""What publishers and viewers over WebRTC have in common: sessions with keys, and the handshake."""

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError

from stream.decode.frame_builder import PictureLimits
from stream.errors import StreamError
from stream.sources import STOP_BOUND_S
from stream.webrtc.ice import IceServer, IceSettings, adapt, announce
from stream.webrtc.sdp import Fragment, OfferRefused, Refusal, Role

NEGOTIATION_ERRORS: Final = (
    InvalidAccessError,
    InvalidStateError,
    OperationError,
    ValueError,
    KeyError,
    ConnectionError,
)
ANSWER_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class WebRtcSettings:
    """How peers are treated.

    Attributes:
        ice: ways between the peers.
        limits: which pictures are taken, and when they count as frozen.
        stall_after: seconds without a picture until a publisher shows as stalled.
        max_sessions: how many peers may be connected at the same time.
    """

    ice: IceSettings = field(default_factory=IceSettings)
    limits: PictureLimits = field(default_factory=PictureLimits)
    stall_after: float = 3.0
    max_sessions: int = 16


class TooManySessions(StreamError):
    """No more peers are taken now."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A peer that was answered.

    Attributes:
        sdp: for the peer.
        key: of the session; cannot be guessed.
        tag: identifies the session's ICE credentials (an entity tag, with its quotes).
        ice_servers: what the peer may use.
    """

    sdp: str
    key: str
    tag: str
    ice_servers: tuple[IceServer, ...]


class Holder(Protocol):
    """Who a session belongs to."""

    async def close(self) -> None:
        """End the session; safe to call twice."""
        ...

    def note_vanished(self) -> None:
        """Nothing is heard of the peer any more."""
        ...


@dataclass(frozen=True, slots=True)
class _Session:
    peer: RTCPeerConnection
    tag: str
    holder: Holder


class PeerSessions:
    """Sessions of peers; belongs to the event loop that it is used on."""

    def __init__(self, settings: WebRtcSettings | None = None) -> None:
        """Have no sessions yet."""
        self._settings = settings or WebRtcSettings()
        self._sessions: dict[str, _Session] = {}

    @property
    def settings(self) -> WebRtcSettings:
        """As given."""
        return self._settings

    @property
    def count(self) -> int:
        """Sessions now."""
        return len(self._sessions)

    def tag(self, key: str) -> str | None:
        """The entity tag of a session; None if there is none (any more)."""
        session = self._sessions.get(key)
        return None if session is None else session.tag

    def is_restart(self, key: str, username: str) -> bool:
        """Whether an ICE user name is not the one that a session's peer came with."""
        session = self._sessions.get(key)
        if session is None or not username:
            return False
        return f"a=ice-ufrag:{username}" not in session.peer.remoteDescription.sdp.splitlines()

    async def trickle(self, key: str, fragment: Fragment) -> bool:
        """Tell a session more ways to reach its peer; False if there is no such session."""
        session = self._sessions.get(key)
        if session is None:
            return False
        for candidate in fragment.candidates:
            with suppress(*NEGOTIATION_ERRORS):  # of a kind that cannot be used here
                await session.peer.addIceCandidate(candidate)
        if fragment.is_end:
            await session.peer.addIceCandidate(None)
        return True

    async def delete(self, key: str) -> bool:
        """End a session; False if there is none (any more). Takes two seconds at most."""
        session = self._sessions.get(key)
        if session is None:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_BOUND_S):
                await session.holder.close()
        return True

    async def close(self) -> None:
        """End all sessions."""
        await asyncio.gather(*(self.delete(key) for key in list(self._sessions)))

    def check_room(self) -> None:
        """Refuse one peer too many.

        Raises:
            TooManySessions: as many as the settings allow are there already.
        """
        if len(self._sessions) >= self._settings.max_sessions:
            raise TooManySessions("as many peers as allowed are connected; try again later")

    async def answer(
        self,
        key: str,
        peer: RTCPeerConnection,
        offer: str,
        role: Role,
        holder: Holder,
    ) -> Answer:
        """Keep a session and answer its offer; on failure it is closed.

        Args:
            key: from `new_key`.
            peer: with everything attached to it that shall hear of its events.
            offer: read already.
            role: what the peer wants to be.
            holder: has the session; its `close` calls `forget`.

        Raises:
            OfferRefused: it cannot be answered after all.
        """
        tag = f'"{secrets.token_urlsafe(8)}"'
        self._sessions[key] = _Session(peer, tag, holder)
        try:
            sdp = await self._negotiate(peer, offer, role, holder)
        except BaseException:
            await holder.close()
            raise
        return Answer(sdp, key, tag, self._settings.ice.servers)

    def forget(self, key: str) -> None:
        """A session has ended."""
        self._sessions.pop(key, None)

    async def _negotiate(
        self, peer: RTCPeerConnection, offer: str, role: Role, holder: Holder
    ) -> str:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
                adapt(peer, self._settings.ice, holder.note_vanished)
                await peer.setLocalDescription(await peer.createAnswer())
        except NEGOTIATION_ERRORS as error:
            raise OfferRefused(
                Refusal.UNSUITABLE, f"the offer does not suit a {role} here; compare RFC 9725"
            ) from error
        except TimeoutError:
            raise OfferRefused(
                Refusal.UNSUITABLE,
                "no answer was found in time; if a STUN or TURN server is set, it does not reply",
            ) from None
        return announce(peer.localDescription.sdp, self._settings.ice)


def new_key() -> str:
    """A key that cannot be guessed."""
    return secrets.token_urlsafe(16)
