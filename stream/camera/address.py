"""Addresses of cameras: parsing, which ones are allowed, and a form without the password."""

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from stream.errors import SourceError

DEFAULT_PORTS: Final = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
# Every scheme has its row in `stream.camera.open.OPENERS`.
SCHEMES: Final = (*DEFAULT_PORTS, "device")
MAX_LENGTH: Final = 2048  # characters; signed URLs of cloud cameras have some hundreds
_DEVICE: Final = re.compile(r"(?:device:|/dev/video)(\d{1,3})")
_LINK_LOCAL: Final = ("169.254.0.0/16", "fe80::/10")
_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")

IpAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Which addresses are allowed; the defaults suit a person who sits at the machine.

    A service that takes addresses from others uses `SERVICE_RULES`. Multicast and unspecified
    addresses are always refused. A host name is resolved once per attempt, and the address that was
    checked is the one connected to, so that a name cannot change its meaning in between.

    Attributes:
        schemes: those of `SCHEMES` that are allowed; "device" stands for local cameras.
        refused_networks: networks in CIDR notation that no camera may be in.
        allowed_networks: if any are given, a camera must be in one of them, and `refused_networks`
            does not apply.
    """

    schemes: tuple[str, ...] = SCHEMES
    refused_networks: tuple[str, ...] = ()
    allowed_networks: tuple[str, ...] = ()

    def check_scheme(self, scheme: str) -> None:
        """Check a scheme.

        Raises:
            SourceError: the scheme is not allowed.
        """
        if scheme not in self.schemes:
            allowed = ", ".join(self.schemes)
            raise SourceError(f"addresses of kind {scheme or 'none'!r} are not allowed: {allowed}")

    def check(self, address: IpAddress) -> None:
        """Check the address of a host.

        Raises:
            SourceError: the rules forbid connecting to it.
        """
        plain = getattr(address, "ipv4_mapped", None) or address
        if plain.is_multicast or plain.is_unspecified or str(plain) == "255.255.255.255":
            raise SourceError(f"{plain} is no address of one camera")
        if self.allowed_networks:
            if not _is_in(plain, self.allowed_networks):
                raise SourceError(f"{plain} is not in the networks that cameras may be in")
        elif _is_in(plain, self.refused_networks):
            raise SourceError(f"{plain} is in a network that cameras may not be in")


SERVICE_RULES: Final = AddressRules(
    schemes=("rtsp", "rtsps", "http", "https"), refused_networks=_LOOPBACK + _LINK_LOCAL
)


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """A camera's address in parts; its `repr` has no password.

    Attributes:
        scheme: one of `SCHEMES`.
        host: name or IP address; for a local camera its device file.
        port: TCP port; 0 for a local camera.
        path: path and query, beginning with a slash.
        user: empty if there is none.
        password: empty if there is none.
    """

    scheme: str
    host: str
    port: int
    path: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def shown(self) -> str:
        """The address for people and logs: no user, no password, no query (it may hold keys)."""
        if self.scheme == "device":
            return self.host
        return f"{self.scheme}://{_bracketed(self.host)}:{self.port}{self.path.partition('?')[0]}"

    def url(self, host: str | None = None, *, with_password: bool = False) -> str:
        """Return the address as a URL, with another host if one is given."""
        login = ""
        if with_password and self.user:
            login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@"
        return f"{self.scheme}://{login}{_bracketed(host or self.host)}:{self.port}{self.path}"


def parse_address(text: str, rules: AddressRules) -> CameraAddress:
    """Parse an address and check its scheme; nothing is sent over the network.

    Raises:
        SourceError: the text is no address, or its scheme is not allowed; the message repeats
            nothing that could be a password.
    """
    if device := _DEVICE.fullmatch(text):
        rules.check_scheme("device")
        return CameraAddress("device", f"/dev/video{device[1]}", 0, "")
    if len(text) > MAX_LENGTH or not text.isprintable() or " " in text:
        raise SourceError("the address is too long or has characters that no address has")
    scheme = text.partition(":")[0].lower() if ":" in text else ""
    rules.check_scheme(scheme if re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) else "")
    try:
        parts = urlsplit(text)
        port = DEFAULT_PORTS[scheme] if parts.port is None else parts.port
    except (ValueError, KeyError):
        raise SourceError("the address has a host or port that cannot be read") from None
    if not parts.hostname or port < 1:
        raise SourceError(f"the address names no host: write {scheme}://host/path")
    return CameraAddress(
        scheme,
        parts.hostname,
        port,
        (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def _is_in(address: IpAddress, networks: tuple[str, ...]) -> bool:
    return any(
        address in network
        for network in map(ip_network, networks)
        if network.version == address.version
    )


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if ip_address(host).version == 6 else host
    except ValueError:
        return host
