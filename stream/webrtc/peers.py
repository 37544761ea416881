"""Sessions of WebRTC publishers and viewers: their keys, their handshake, their end."""

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError

from stream.decode.frame_builder import FrameLimits
from stream.errors import StreamError
from stream.sources import STOP_BOUND_S
from stream.webrtc.ice import IceSettings, adapt, announce
from stream.webrtc.sdp import IceFragment, OfferRefused, Refusal, Role

# Errors of aiortc on an offer or a candidate that it cannot use.
NEGOTIATION_ERRORS: Final = (
    InvalidAccessError,
    InvalidStateError,
    OperationError,
    ValueError,
    KeyError,
    ConnectionError,
)
ANSWER_TIMEOUT_S: Final = 10.0  # aioice waits 5 s for each STUN or TURN server


@dataclass(frozen=True, slots=True)
class WebRtcSettings:
    """Settings of WebRTC sessions.

    Attributes:
        ice: addresses, ports and servers.
        limits: bounds on the pictures, and when they count as frozen.
        stall_after: seconds without a picture until a publisher shows as stalled.
        max_sessions: how many peers may be connected at the same time.
    """

    ice: IceSettings = field(default_factory=IceSettings)
    limits: FrameLimits = field(default_factory=FrameLimits)
    stall_after: float = 3.0
    max_sessions: int = 16


class TooManyPeers(StreamError):
    """As many peers as the settings allow are connected."""


@dataclass(frozen=True, slots=True)
class PeerAnswer:
    """The answer to a peer's offer.

    Attributes:
        sdp: for the peer.
        key: of the session; cannot be guessed.
        tag: identifies the session's ICE credentials (an entity tag, with its quotes).
    """

    sdp: str
    key: str
    tag: str


class SessionOwner(Protocol):
    """The publisher or viewer of a session."""

    async def close(self) -> None:
        """End the session; safe to call twice."""

    def note_vanished(self) -> None:
        """End the session, because nothing comes from the peer any more."""


@dataclass(frozen=True, slots=True)
class _Session:
    peer: RTCPeerConnection
    tag: str
    owner: SessionOwner


class PeerSessions:
    """The sessions of an endpoint; belongs to the event loop that it is used on."""

    def __init__(self, settings: WebRtcSettings | None = None) -> None:
        self._settings = settings or WebRtcSettings()
        self._sessions: dict[str, _Session] = {}

    @property
    def settings(self) -> WebRtcSettings:
        """The settings of all sessions."""
        return self._settings

    @property
    def count(self) -> int:
        """The number of sessions."""
        return len(self._sessions)

    def tag(self, key: str) -> str | None:
        """Return the entity tag of a session; None if it does not exist (any more)."""
        session = self._sessions.get(key)
        return None if session is None else session.tag

    def is_restart(self, key: str, username: str) -> bool:
        """Return whether an ICE user name differs from that of the session's offer."""
        session = self._sessions.get(key)
        if session is None or not username:
            return False
        return f"a=ice-ufrag:{username}" not in session.peer.remoteDescription.sdp.splitlines()

    async def trickle(self, key: str, fragment: IceFragment) -> bool:
        """Add candidates to a session; False if it does not exist."""
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
        """End a session within `STOP_BOUND_S`; False if it does not exist (any more)."""
        session = self._sessions.get(key)
        if session is None:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_BOUND_S):
                await session.owner.close()
        return True

    async def close(self) -> None:
        """End all sessions."""
        await asyncio.gather(*(self.delete(key) for key in list(self._sessions)))

    def check_capacity(self) -> None:
        """Check that one more peer is allowed.

        Raises:
            TooManyPeers: as many as the settings allow are connected.
        """
        if len(self._sessions) >= self._settings.max_sessions:
            raise TooManyPeers("as many peers as allowed are connected; try again later")

    async def answer(
        self,
        key: str,
        peer: RTCPeerConnection,
        offer: str,
        role: Role,
        owner: SessionOwner,
    ) -> PeerAnswer:
        """Register a session and answer its offer; on failure it is closed.

        Args:
            key: from `generate_key`.
            peer: with all its event handlers attached.
            offer: checked by `read_offer`.
            role: of the peer.
            owner: of the session; its `close` calls `forget`.

        Raises:
            OfferRefused: it cannot be answered after all.
        """
        tag = f'"{secrets.token_urlsafe(8)}"'
        self._sessions[key] = _Session(peer, tag, owner)
        try:
            sdp = await self._negotiate(peer, offer, role, owner)
        except BaseException:
            await owner.close()
            raise
        return PeerAnswer(sdp, key, tag)

    def forget(self, key: str) -> None:
        """Remove a session that has ended."""
        self._sessions.pop(key, None)

    async def _negotiate(
        self, peer: RTCPeerConnection, offer: str, role: Role, owner: SessionOwner
    ) -> str:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
                adapt(peer, self._settings.ice, owner.note_vanished)
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


def generate_key() -> str:
    """Return a key that cannot be guessed (128 random bits)."""
    return secrets.token_urlsafe(16)
