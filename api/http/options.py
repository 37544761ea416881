"""Options of the server itself."""

import socket
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from api.live.events import EvidenceSettings
from api.maintenance import MaintenanceIntervals
from api.settings import Settings
from matcher.live import LiveSettings
from stream.camera.address import SERVICE_RULES, AddressRules
from stream.errors import SourceError
from stream.webrtc.ice import IceServer, IceSettings
from stream.webrtc.peers import WebRtcSettings

PAGE_FOLDER: Final = Path(__file__).parents[1] / "web"
LARGEST_UPLOAD: Final = 8_000_000_000  # bytes: an hour of video in 4K


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How the service is run.

    Attributes:
        state: folder of keys, cameras, events, evidence and jobs; not of catalogs.
        web: folder of the page.
        secure: whether clients come over TLS, so that cookies are for TLS alone.
        exposed: whether others can reach the address, so that nobody comes in without a key.
        largest_upload: bytes of a video or of an import.
        live: limits and bounds of live sessions.
        evidence: how long pictures of appearances are kept.
        camera_networks: CIDR; if any are given, cameras and webhooks must be in one of them.
        peers: how WebRTC peers reach this machine.
        connections: that one worker keeps.
        connections_per_address: that one worker keeps of one client.
        trusted_proxies: CIDR; of these alone `X-Forwarded-For` is believed.
        per_second: requests of one key from one address.
        maintenance: how often catalogs are synced and reconciled.
    """

    state: Path
    web: Path = PAGE_FOLDER
    secure: bool = False
    exposed: bool = False
    largest_upload: int = LARGEST_UPLOAD
    live: LiveSettings = field(default_factory=LiveSettings)
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)
    camera_networks: tuple[str, ...] = ()
    peers: WebRtcSettings = field(default_factory=WebRtcSettings)
    connections: int = 1000
    connections_per_address: int = 200
    trusted_proxies: tuple[str, ...] = ()
    per_second: float = 100.0
    maintenance: MaintenanceIntervals = field(default_factory=MaintenanceIntervals)

    @property
    def keys(self) -> Path:
        """The file of API keys."""
        return self.state / "keys.json"

    @property
    def spool(self) -> Path:
        """Where bodies lie until they are answered; nothing in it has a name."""
        return self.state / "spool"

    @property
    def socket(self) -> Path:
        """Where the engine listens for workers; in a folder for its owner alone."""
        return self.state.absolute() / "run" / "engine.sock"

    @property
    def rules(self) -> AddressRules:
        """Where cameras may be: never on this machine once others can reach the service."""
        if self.camera_networks:
            return replace(SERVICE_RULES, allowed_networks=self.camera_networks)
        return SERVICE_RULES if self.exposed else AddressRules()

    def webhook_rule(self, url: str) -> str:
        """Return why a webhook's address is forbidden, one sentence; empty if it is allowed."""
        try:
            host = urlsplit(url).hostname or ""
        except ValueError as error:
            return f"the webhook's address cannot be read: {error}"
        try:
            for *_, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
                self.rules.check(ip_address(str(address[0]).partition("%")[0]))
        except (OSError, ValueError, SourceError) as error:
            return f"{host} is no address for a webhook: {error}"
        return ""


def options_from(settings: Settings, *, exposed: bool, secure: bool) -> ServerOptions:
    """Return the options that settings name.

    Args:
        settings: of the environment.
        exposed: see `ServerOptions`.
        secure: see `ServerOptions`.
    """
    servers = tuple(
        IceServer(url, settings.turn_username, settings.turn_credential)
        if url.startswith("turn")
        else IceServer(url)
        for url in settings.ice_servers
    )
    ice = IceSettings(
        servers=servers,
        host_addresses=settings.ice_addresses,
        public_addresses=settings.ice_public_addresses,
        ports=settings.ice_ports,
    )
    return ServerOptions(
        settings.state,
        exposed=exposed,
        secure=secure,
        camera_networks=settings.camera_networks,
        peers=WebRtcSettings(ice=ice),
        connections=settings.connections,
        connections_per_address=settings.connections_per_address,
        trusted_proxies=settings.trusted_proxies,
        per_second=settings.requests_per_second,
        maintenance=MaintenanceIntervals(
            settings.sync_minutes * 60, settings.reconcile_hours * 3600
        ),
    )
