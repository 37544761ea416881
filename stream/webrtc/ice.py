"""ICE settings of WebRTC: addresses, ports, STUN and TURN servers, and peers that vanish.

aiortc offers no settings for these; this is the one place that reaches into its ICE connection (it
holds for the pinned version, see tests/stream/webrtc/test_ice.py).
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from aioice import Candidate, Connection
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol
from aioice.stun import TransactionError
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransport,
    RTCPeerConnection,
)

from stream.errors import SourceError

CONSENT_INTERVAL_S: Final = 1.5  # four checks within IceSettings.vanished_after
PORT_ATTEMPTS: Final = 32  # ports of the range tried before it counts as taken


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server.

    Attributes:
        url: `stun:host:port` or `turn:host:port?transport=udp`.
        username: for TURN.
        credential: for TURN; not in the `repr`.
    """

    url: str
    username: str = ""
    credential: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class IceSettings:
    """How peers reach this machine; without servers here, nothing outside is contacted.

    Attributes:
        servers: announced to peers, and used here (the first STUN and the first TURN server).
        host_addresses: addresses of this machine to listen on; empty: all but loopback.
        public_addresses: announced in addition, for machines whose public address is translated
            one to one (clouds, port forwarding).
        ports: first and last UDP port to listen on, for firewalls; None: any free one.
        connect_timeout: seconds until a peer that never connects is given up.
        vanished_after: seconds without any packet until a peer counts as gone.
    """

    servers: tuple[IceServer, ...] = ()
    host_addresses: tuple[str, ...] = ()
    public_addresses: tuple[str, ...] = ()
    ports: tuple[int, int] | None = None
    connect_timeout: float = 15.0
    vanished_after: float = 6.0

    def links(self) -> tuple[str, ...]:
        """Return values of `Link` headers that name the servers (RFC 9725, section 4.6)."""
        return tuple(_link(server) for server in self.servers)


def make_connection(settings: IceSettings) -> RTCPeerConnection:
    """Make a connection that uses the settings' servers and no others."""
    servers = [
        RTCIceServer(server.url, server.username or None, server.credential or None)
        for server in settings.servers
    ]
    return RTCPeerConnection(
        RTCConfiguration(iceServers=servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
    )


def adapt(peer: RTCPeerConnection, settings: IceSettings, on_vanish: Callable[[], None]) -> None:
    """Apply the settings to a connection, after the offer came and before the answer.

    Args:
        peer: the connection.
        settings: addresses, ports and timeouts.
        on_vanish: called when the peer counts as gone, before the connection closes.
    """
    for transport in _ice_transports(peer):
        connection = transport._connection
        if settings.host_addresses or settings.ports:
            _pin(connection, settings)
        _watch(connection, settings.vanished_after, on_vanish)


def announce(sdp: str, settings: IceSettings) -> str:
    """Return an SDP answer with the public addresses added to the host candidates."""
    lines: list[str] = []
    for line in sdp.splitlines():
        lines.append(line)
        parts = line.split()
        if line.startswith("a=candidate:") and parts[7:8] == ["host"] and ":" not in parts[4]:
            for number, address in enumerate(settings.public_addresses, 1):
                public = [f"{parts[0]}{number}", *parts[1:4], address, *parts[5:]]
                lines.append(" ".join(public))
    return "\r\n".join(lines) + "\r\n"


def _ice_transports(peer: RTCPeerConnection) -> set[RTCIceTransport]:
    secure = [transceiver.receiver.transport for transceiver in peer.getTransceivers()]
    if peer.sctp is not None:
        secure.append(peer.sctp.transport)
    return {transport.transport for transport in secure}


def _pin(connection: Connection, settings: IceSettings) -> None:
    """Listen on the settings' addresses and ports only."""
    gather = connection.get_component_candidates

    async def gather_pinned(component: int, addresses: list[str]) -> list[Candidate]:
        chosen = list(settings.host_addresses) or addresses
        if settings.ports is None:
            return await gather(component, chosen)
        own = [await _listen(connection, component, address, settings.ports) for address in chosen]
        return own + await gather(component, [])

    connection.get_component_candidates = gather_pinned  # type: ignore[method-assign,assignment]


async def _listen(
    connection: Connection, component: int, address: str, ports: tuple[int, int]
) -> Candidate:
    """Open a port of the range.

    Raises:
        SourceError: all ports that were tried are taken.
    """
    loop = asyncio.get_running_loop()
    span = range(ports[0], ports[1] + 1)
    for port in random.sample(span, min(len(span), PORT_ATTEMPTS)):
        with suppress(OSError):
            _, protocol = await loop.create_datagram_endpoint(
                lambda: StunProtocol(connection), local_addr=(address, port)
            )
            protocol.local_candidate = Candidate(
                foundation=candidate_foundation("host", "udp", address),
                component=component,
                transport="udp",
                priority=candidate_priority(component, "host"),
                host=address,
                port=port,
                type="host",
            )
            connection._protocols.append(protocol)
            return protocol.local_candidate
    raise SourceError(f"no UDP port of {ports[0]} to {ports[1]} is free on {address}")


def _watch(connection: Connection, vanished_after: float, on_vanish: Callable[[], None]) -> None:
    """Close a connection whose peer sends nothing any more.

    RFC 7675 gives a peer 30 seconds; an operator wants to know sooner. Every packet of the peer
    counts, so that a network that loses every third one does not end a session.
    """
    received_at = [monotonic()]
    receive = connection.data_received

    def data_received(data: bytes, component: int) -> None:
        received_at[0] = monotonic()
        receive(data, component)

    async def query_consent() -> None:
        received_at[0] = monotonic()
        while monotonic() - received_at[0] < vanished_after:
            await asyncio.sleep(CONSENT_INTERVAL_S)
            if await _has_consent(connection):
                received_at[0] = monotonic()
        on_vanish()
        connection._query_consent_task = None
        await connection.close()

    connection.data_received = data_received  # type: ignore[method-assign]
    connection.query_consent = query_consent  # type: ignore[method-assign]


async def _has_consent(connection: Connection) -> bool:
    password = (connection.remote_password or "").encode()
    for pair in list(connection._nominated.values()):
        with suppress(TransactionError, ConnectionError):
            await pair.protocol.request(
                connection.build_request(pair, nominate=False),
                pair.remote_addr,
                integrity_key=password,
                retransmissions=0,
            )
            return True
    return False


def _link(server: IceServer) -> str:
    if not server.username:
        return f'<{server.url}>; rel="ice-server"'
    return (
        f'<{server.url}>; rel="ice-server"; username="{_quoted(server.username)}"; '
        f'credential="{_quoted(server.credential)}"; credential-type="password"'
    )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
