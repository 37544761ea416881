"""Takes WebRTC publishers: each becomes a live source."""

from functools import partial

from stream.webrtc.ice import peer_connection
from stream.webrtc.peers import Answer, PeerSessions, WebRtcSettings, new_key
from stream.webrtc.sdp import read_offer
from stream.webrtc.whip_source import WhipSource

__all__ = ["Answer", "WebRtcSettings", "WhipEndpoint", "WhipSource"]


class WhipEndpoint:
    """Takes publishers; belongs to the event loop that it is used on."""

    def __init__(self, settings: WebRtcSettings | None = None) -> None:
        """Have no publishers yet."""
        self.sessions = PeerSessions(settings)
        self._sources: dict[str, WhipSource] = {}

    @property
    def settings(self) -> WebRtcSettings:
        """As given."""
        return self.sessions.settings

    def source(self, key: str) -> WhipSource | None:
        """The publisher of a session; None if there is none (any more)."""
        return self._sources.get(key)

    async def offer(self, sdp: str | bytes, source_id: str = "") -> Answer:
        """Answer a publisher; `source` then has its pictures under the answer's key.

        Args:
            sdp: its offer.
            source_id: name for the source; made from the key if empty.

        Raises:
            stream.webrtc.sdp.OfferRefused: the offer cannot be answered.
            stream.webrtc.peers.TooManySessions: as many as the settings allow are there already.
        """
        offer = read_offer(sdp.encode() if isinstance(sdp, str) else sdp, "publisher")
        self.sessions.check_room()
        key = new_key()
        peer = peer_connection(self.settings.ice)
        source = WhipSource(
            source_id or f"whip-{key[:6]}", peer, self.settings, partial(self._forget, key)
        )
        self._sources[key] = source
        return await self.sessions.answer(key, peer, offer, "publisher", source)

    async def delete(self, key: str) -> bool:
        """End a session; False if there is none (any more). Takes two seconds at most."""
        return await self.sessions.delete(key)

    async def close(self) -> None:
        """End all sessions."""
        await self.sessions.close()

    def _forget(self, key: str) -> None:
        self._sources.pop(key, None)
        self.sessions.forget(key)
