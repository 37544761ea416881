"""Accepts WebRTC publishers (WHIP); each becomes a live source."""

from functools import partial

from stream.webrtc.ice import make_connection
from stream.webrtc.peers import PeerAnswer, PeerSessions, WebRtcSettings, generate_key
from stream.webrtc.sdp import read_offer
from stream.webrtc.whip_source import WhipSource


class WhipEndpoint:
    """Accepts publishers; belongs to the event loop that it is used on."""

    def __init__(self, settings: WebRtcSettings | None = None) -> None:
        self.sessions = PeerSessions(settings)
        self._sources: dict[str, WhipSource] = {}

    def source(self, key: str) -> WhipSource | None:
        """Return the source of a session; None if it does not exist (any more)."""
        return self._sources.get(key)

    async def offer(self, sdp: str | bytes, source_id: str = "") -> PeerAnswer:
        """Answer a publisher's offer; `source` then has its pictures, under the answer's key.

        Args:
            sdp: the offer.
            source_id: name of the source; made from the key if empty.

        Raises:
            stream.webrtc.sdp.OfferRefused: the offer cannot be answered.
            stream.webrtc.peers.TooManyPeers: as many as the settings allow are connected.
        """
        offer = read_offer(sdp.encode() if isinstance(sdp, str) else sdp, "publisher")
        self.sessions.check_capacity()
        key = generate_key()
        peer = make_connection(self.sessions.settings.ice)
        source = WhipSource(
            source_id or f"whip-{key[:6]}", peer, self.sessions.settings, partial(self._forget, key)
        )
        self._sources[key] = source
        return await self.sessions.answer(key, peer, offer, "publisher", source)

    def _forget(self, key: str) -> None:
        self._sources.pop(key, None)
        self.sessions.forget(key)
